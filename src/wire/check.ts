/** Checks of external values, composed of small checks. A check names the first invalid field and what it must be. */
import { isRecord } from '../platform/record.ts';

/** Returns undefined for a valid T, otherwise the invalid field and what it must be: `table.listeners[0].port: must be …`. */
export type Check<T> = ((value: unknown, path: string) => string | undefined) & { readonly valid?: () => T };

export type Checked<T> = { value: T } | { problem: string };

/** `name`: the name of the value in the problem. */
export function checked<T>(check: Check<T>, value: unknown, name: string): Checked<T> {
  let problem: string | undefined;
  const isValid = (candidate: unknown): candidate is T => {
    problem = check(candidate, name);
    return problem === undefined;
  };
  return isValid(value) ? { value } : { problem: problem ?? `${name}: is invalid` };
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

const must = (path: string, wanted: string) => `${path}: must be ${wanted}`;

export const string: Check<string> = (value, path) => (typeof value === 'string' ? undefined : must(path, 'a string'));

export const text =
  (maxLength: number): Check<string> =>
  (value, path) =>
    typeof value === 'string' && value !== '' && value.length <= maxLength
      ? undefined
      : must(path, `a string of 1 to ${maxLength} characters`);

export const boolean: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? undefined : must(path, 'true or false');

/** A mark that is absent instead of false. */
export const yes: Check<true> = (value, path) => (value === true ? undefined : must(path, 'true'));

/** Unix time or a duration: finite and not negative. */
export const time: Check<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : must(path, 'a number of at least 0');

export const whole =
  (min: number, max: number): Check<number> =>
  (value, path) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : must(path, `a whole number from ${min} to ${max}`);

export const count: Check<number> = (value, path) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : must(path, 'a whole number of at least 0');

export const oneOf =
  <const T extends string>(...allowed: readonly T[]): Check<T> =>
  (value, path) =>
    allowed.some((one) => one === value) ? undefined : must(path, `one of ${allowed.join(', ')}`);

export const pattern =
  (expression: RegExp, wanted: string): Check<string> =>
  (value, path) =>
    typeof value === 'string' && expression.test(value) ? undefined : must(path, wanted);

/** Ids of sessions and endpoints. */
export const hexId = pattern(/^[0-9a-f]{16}$/, '16 hex digits');

export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

export const list =
  <T>(check: Check<T>, maxLength = Number.POSITIVE_INFINITY): Check<T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) return must(path, 'a list');
    if (value.length > maxLength) return must(path, `a list of at most ${maxLength} items`);
    for (const [index, item] of value.entries()) {
      const problem = check(item, `${path}[${index}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

export const map =
  <T>(check: Check<T>): Check<Record<string, T>> =>
  (value, path) => {
    if (!isRecord(value)) return must(path, 'an object');
    for (const [key, item] of Object.entries(value)) {
      const problem = check(item, `${path}[${JSON.stringify(key)}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

/** A check for each property of T: a missing check, or one of another type, does not compile. */
type Properties<T> = {
  [Name in keyof T]-?: Check<T[Name]>;
};

/** Properties that T does not have are ignored: a newer version may send more. */
export const object =
  <T>(properties: Properties<T>): Check<T> =>
  (value, path) => {
    if (!isRecord(value)) return must(path, 'an object');
    for (const [name, check] of Object.entries<Check<unknown>>(properties)) {
      const problem = check(value[name], `${path}.${name}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
