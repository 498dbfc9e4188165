/** Checks of external values, composed of small checks. A check names the first invalid field and what it must be. */
import { isRecord } from '../platform/record.ts';

/**
 * Returns undefined for a valid T, otherwise the place of the invalid field in it and what it must be: `.listeners[0].port: must be …`. Places are
 * put together only for a problem: a report has thousands of fields.
 */
export type Check<T> = ((value: unknown) => string | undefined) & { readonly valid?: () => T };

export type Checked<T> = { value: T } | { problem: string };

/** `name`: the name of the value in the problem. */
export function checked<T>(check: Check<T>, value: unknown, name: string): Checked<T> {
  let problem: string | undefined;
  const isValid = (candidate: unknown): candidate is T => {
    problem = check(candidate);
    return problem === undefined;
  };
  return isValid(value) ? { value } : { problem: `${name}${problem ?? ': is invalid'}` };
}

/** As `checked`, for JSON text. The problem does not quote the text: it may contain secrets. `complete`: adds what an earlier version leaves out. */
export function checkedJson<T>(
  check: Check<T>,
  text: string,
  name: string,
  complete: (value: unknown) => unknown = (value) => value,
): Checked<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: `${name}: must be JSON` };
  }
  return checked(check, complete(value), name);
}

/** Returns the problem of a value that is not what it must be. */
export const must = (wanted: string): string => `: must be ${wanted}`;

/** Returns the problem of a part, with its place in the whole. */
export const within = (place: string, problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : place + problem;

export const string: Check<string> = (value) => (typeof value === 'string' ? undefined : must('a string'));

export const text =
  (maxLength: number): Check<string> =>
  (value) =>
    typeof value === 'string' && value !== '' && value.length <= maxLength
      ? undefined
      : must(`a string of 1 to ${maxLength} characters`);

export const boolean: Check<boolean> = (value) => (typeof value === 'boolean' ? undefined : must('true or false'));

/** A mark that is absent instead of false. */
export const yes: Check<true> = (value) => (value === true ? undefined : must('true'));

/** Unix time or a duration: finite and not negative. */
export const time: Check<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : must('a number of at least 0');

export const whole =
  (min: number, max: number): Check<number> =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : must(`a whole number from ${min} to ${max}`);

export const count: Check<number> = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : must('a whole number of at least 0');

export const oneOf =
  <const T extends string>(...allowed: readonly T[]): Check<T> =>
  (value) =>
    allowed.some((one) => one === value) ? undefined : must(`one of ${allowed.join(', ')}`);

export const pattern =
  (expression: RegExp, wanted: string): Check<string> =>
  (value) =>
    typeof value === 'string' && expression.test(value) ? undefined : must(wanted);

/** Ids of sessions and endpoints. */
export const hexId = pattern(/^[0-9a-f]{16}$/, '16 hex digits');

export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value) =>
    value === undefined ? undefined : check(value);

export const list =
  <T>(check: Check<T>, maxLength = Number.POSITIVE_INFINITY): Check<T[]> =>
  (value) => {
    if (!Array.isArray(value)) return must('a list');
    if (value.length > maxLength) return must(`a list of at most ${maxLength} items`);
    for (const [index, item] of value.entries()) {
      const problem = check(item);
      if (problem !== undefined) return within(`[${index}]`, problem);
    }
    return undefined;
  };

export const map =
  <T>(check: Check<T>): Check<Record<string, T>> =>
  (value) => {
    if (!isRecord(value)) return must('an object');
    for (const [key, item] of Object.entries(value)) {
      const problem = check(item);
      if (problem !== undefined) return within(`[${JSON.stringify(key)}]`, problem);
    }
    return undefined;
  };

/** A check for each property of T: a missing check, or one of another type, does not compile. */
type Properties<T> = {
  [Name in keyof T]-?: Check<T[Name]>;
};

/** Properties that T does not have are ignored: a newer version may send more. */
export function object<T>(properties: Properties<T>): Check<T> {
  const entries = Object.entries<Check<unknown>>(properties);
  return (value) => {
    if (!isRecord(value)) return must('an object');
    for (const [name, check] of entries) {
      const problem = check(value[name]);
      if (problem !== undefined) return within(`.${name}`, problem);
    }
    return undefined;
  };
}
