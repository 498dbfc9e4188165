/** Field selectors: `metadata.name=a,status.phase!=Failed`. The caller passes the fields that the kind supports. */
import { isJsonObject } from '../schema/json.ts';
import { StatusError } from '../status-error.ts';

export type FieldRequirement = { field: string; value: string; isEqual: boolean };
export type FieldSelector = readonly FieldRequirement[];

/** `known` are the fields of the kind besides `metadata.name` and `metadata.namespace`. */
export function parseFieldSelector(text: string, known: readonly string[]): FieldSelector {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  return parts.map((part) => {
    const [, field, sign, value] = /^([^=!]+?)\s*(==|=|!=)(.*)$/.exec(part.trim()) ?? [];
    if (field === undefined || value === undefined) {
      throw new StatusError('BadRequest', `invalid selector: '${text}'; can't understand '${part}'`);
    }
    if (!['metadata.name', 'metadata.namespace', ...known].includes(field)) throw unknownField(field, known);
    return { field, value, isEqual: sign !== '!=' };
  });
}

function unknownField(field: string, known: readonly string[]): StatusError {
  if (known.length > 0) return new StatusError('BadRequest', `field label not supported: ${field}`);
  return new StatusError(
    'BadRequest',
    `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

export function matchesFields(selector: FieldSelector, object: unknown): boolean {
  return selector.every(({ field, value, isEqual }) => (textAt(object, field) === value) === isEqual);
}

/** A missing field counts as empty. */
function textAt(object: unknown, path: string): string {
  const found = path
    .split('.')
    .reduce<unknown>((value, name) => (isJsonObject(value) ? value[name] : undefined), object);
  return typeof found === 'string' || typeof found === 'boolean' || typeof found === 'number' ? String(found) : '';
}
