/** Label and field selectors of lists and watches, as far as Holdfast uses them; others throw. */
import type { KubeObject, ListOptions } from '../../src/kube/ports.ts';

export function matches(object: KubeObject, options: ListOptions): boolean {
  const terms = (selector: string | undefined) =>
    selector === undefined || selector === '' ? [] : selector.split(',');
  const labels = object.metadata.labels ?? {};
  return (
    terms(options.labelSelector).every((term) => holds(term, (name) => labels[name])) &&
    terms(options.fieldSelector).every((term) => holds(term, (path) => fieldOf(object, path)))
  );
}

function holds(term: string, valueOf: (name: string) => string | undefined): boolean {
  const comparison = /^([^=!()\s]+)(!=|==?)([^=!()\s]*)$/.exec(term);
  if (comparison !== null) {
    const [, name = '', operator, value] = comparison;
    return (valueOf(name) === value) === (operator !== '!=');
  }
  const existence = /^(!?)([^=!()\s]+)$/.exec(term);
  if (existence === null) throw new Error(`the memory cluster does not know the selector ${term}`);
  const [, not, name = ''] = existence;
  return (valueOf(name) === undefined) === (not === '!');
}

function fieldOf(object: KubeObject, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>(
      (at, field) => (typeof at === 'object' && at !== null ? Reflect.get(at, field) : undefined),
      object,
    );
  return typeof value === 'string' ? value : '';
}
