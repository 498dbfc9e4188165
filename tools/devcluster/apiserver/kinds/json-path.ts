/**
 * The simple JSON paths of printer columns: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`, `.spec.hosts[0]`,
 * `.metadata.labels['a.b/c']`.
 */
import { isJsonObject } from '../../schema/json.ts';

type Step =
  | { kind: 'field'; name: string }
  | { kind: 'index'; index: number }
  | { kind: 'all' }
  | { kind: 'filter'; field: readonly string[]; value: string };

const stepForm =
  /\.((?:\\\.|[^.[\]])+)|\[\?\(@\.([^=\s]+)\s*==\s*(?:"([^"]*)"|'([^']*)'|([^)]*))\)\]|\[(\*)\]|\[(-?\d+)\]|\['([^']+)'\]/g;

/** Unsupported syntax is ignored: kubectl prints nothing for it. */
export function parseJsonPath(path: string): Step[] {
  const text = path.startsWith('.') || path.startsWith('[') ? path : `.${path}`;
  return [...text.matchAll(stepForm)].map(([, name, filterField, double, single, bare, all, index, quoted]): Step => {
    if (filterField !== undefined) {
      return { kind: 'filter', field: filterField.split('.'), value: double ?? single ?? bare ?? '' };
    }
    if (all !== undefined) return { kind: 'all' };
    if (index !== undefined) return { kind: 'index', index: Number(index) };
    return { kind: 'field', name: quoted ?? (name ?? '').replaceAll('\\.', '.') };
  });
}

/** Returns all values at the path. */
export function evaluateJsonPath(steps: readonly Step[], object: unknown): unknown[] {
  return steps
    .reduce<unknown[]>((values, step) => values.flatMap((value) => takeStep(step, value)), [object])
    .filter((value) => value !== undefined);
}

function takeStep(step: Step, value: unknown): unknown[] {
  if (step.kind === 'field') return isJsonObject(value) ? [value[step.name]] : [];
  const items: unknown[] = Array.isArray(value) ? value : [];
  if (step.kind === 'all') return isJsonObject(value) ? Object.values(value) : items;
  if (step.kind === 'index') return [items.at(step.index)];
  const fieldOf = (item: unknown): unknown =>
    step.field.reduce<unknown>((at, name) => (isJsonObject(at) ? at[name] : undefined), item);
  return items.filter((item) => String(fieldOf(item)) === step.value);
}
