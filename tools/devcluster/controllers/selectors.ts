/** Label selectors, in both of their forms. */
import type { LabelSelector } from './objects.ts';

/** An empty selector matches everything, an absent one nothing. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Record<string, string> = {}): boolean {
  if (selector === undefined) return false;
  return (
    Object.entries(selector.matchLabels ?? {}).every(([name, value]) => labels[name] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => holds(labels[key], operator, values))
  );
}

function holds(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      throw new Error(`"${operator}" is not a valid label selector operator`);
  }
}

const commaOutsideParentheses = /,(?![^(]*\))/;
const forms = [
  { pattern: /^(\S+)\s+in\s+\((.*)\)$/, operator: 'In' },
  { pattern: /^(\S+)\s+notin\s+\((.*)\)$/, operator: 'NotIn' },
  { pattern: /^([^=!\s]+)\s*!=\s*(\S*)$/, operator: 'NotIn' },
  { pattern: /^([^=!\s]+)\s*==?\s*(\S*)$/, operator: 'In' },
  { pattern: /^!([^=!\s]+)$/, operator: 'DoesNotExist' },
  { pattern: /^([^=!\s]+)$/, operator: 'Exists' },
];

/** The text form, such as `app=web,tier in (a,b),!old`: that is how `/scale` tells its selector. */
export function parseSelector(text: string): LabelSelector {
  const terms = text.split(commaOutsideParentheses).filter((term) => term.trim() !== '');
  return { matchExpressions: terms.map((term) => parseTerm(term.trim())) };
}

function parseTerm(term: string): { key: string; operator: string; values: string[] } {
  for (const { pattern, operator } of forms) {
    const found = pattern.exec(term);
    if (found !== null) {
      return { key: found[1] ?? '', operator, values: (found[2] ?? '').split(',').map((value) => value.trim()) };
    }
  }
  throw new Error(`unable to parse requirement: ${term}`);
}
