/** Lists whose elements have identities: sets and maps. */
import { duplicate, type FieldError } from './field-error.ts';
import { isJsonObject, isSameJson } from './json.ts';
import { listMapKey, type Schema } from './schema.ts';

/** Elements that are there already, by value in a set and by key in a map. */
export function findDuplicates(schema: Schema, list: readonly unknown[], path: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return [];
  const identities = list.map((item) => (listType === 'map' && isJsonObject(item) ? listMapKey(schema, item) : item));
  return identities.flatMap((identity, index) => {
    const isRepeated = identities.slice(0, index).some((earlier) => isSameJson(earlier, identity));
    return isRepeated ? [duplicate(`${path}[${index}]`, identity)] : [];
  });
}
