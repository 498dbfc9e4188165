/** Label selectors: the text of a query (`a=b,c in (d,e),!f`) and the object of a spec (`matchLabels`, `matchExpressions`). */
import { isJsonObject } from '../schema/json.ts';
import { StatusError } from '../status-error.ts';

export type Labels = Readonly<Record<string, string>>;
type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
export type LabelRequirement = { key: string; operator: Operator; values: readonly string[] };
export type LabelSelector = readonly LabelRequirement[];

export function matchesLabels(selector: LabelSelector, labels: Labels = {}): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    const isIn = value !== undefined && values.includes(value);
    return operator === 'In' ? isIn : !isIn;
  });
}

const setForm = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/;
const equalityForm = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/;
const existenceForm = /^(!?)\s*([^=!\s(),]+)$/;

/** Commas between parentheses are part of a requirement. */
const requirementTexts = (text: string): string[] => text.split(/,(?![^(]*\))/).map((part) => part.trim());

function parseRequirement(text: string): LabelRequirement {
  const found = parseSet(text) ?? parseEquality(text) ?? parseExistence(text);
  if (found !== undefined) return found;
  const unexpected = /[=!]{2,3}\s*([=!])/.exec(text)?.[1] ?? '';
  throw new StatusError('BadRequest', `unable to parse requirement: found '${unexpected}', expected: identifier`);
}

function parseSet(text: string): LabelRequirement | undefined {
  const [, key, word, list] = setForm.exec(text) ?? [];
  if (key === undefined || list === undefined) return undefined;
  return { key, operator: word === 'in' ? 'In' : 'NotIn', values: list.split(',').map((value) => value.trim()) };
}

function parseEquality(text: string): LabelRequirement | undefined {
  const [, key, sign, value] = equalityForm.exec(text) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return { key, operator: sign === '!=' ? 'NotIn' : 'In', values: [value] };
}

function parseExistence(text: string): LabelRequirement | undefined {
  const [, not, key] = existenceForm.exec(text) ?? [];
  return key === undefined ? undefined : { key, operator: not === '!' ? 'DoesNotExist' : 'Exists', values: [] };
}

export const parseLabelSelector = (text: string): LabelSelector =>
  text.trim() === '' ? [] : requirementTexts(text).map(parseRequirement);

const isOperator = (value: unknown): value is Operator =>
  value === 'In' || value === 'NotIn' || value === 'Exists' || value === 'DoesNotExist';
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

/** Returns undefined, which selects nothing, without a selector; an empty selector selects everything. */
export function readLabelSelector(source: unknown): LabelSelector | undefined {
  if (!isJsonObject(source)) return undefined;
  const labels = isJsonObject(source['matchLabels']) ? Object.entries(source['matchLabels']) : [];
  const expressions: unknown[] = Array.isArray(source['matchExpressions']) ? source['matchExpressions'] : [];
  const fromLabels = labels.map(([key, value]): LabelRequirement => ({ key, operator: 'In', values: [String(value)] }));
  const fromExpressions = expressions
    .filter(isJsonObject)
    .flatMap(({ key, operator, values }): LabelRequirement[] =>
      typeof key === 'string' && isOperator(operator) ? [{ key, operator, values: textsOf(values) }] : [],
    );
  return [...fromLabels, ...fromExpressions];
}

/** The format of `selector` in a Scale: `a=b,c in (d,e)`. */
export function formatLabelSelector(selector: LabelSelector): string {
  const format = ({ key, operator, values }: LabelRequirement): string => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    if (operator === 'In' && values.length === 1) return `${key}=${values.join('')}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.toSorted().join(',')})`;
  };
  return selector
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(format)
    .join(',');
}
