/** Typed reading of environment variables. An error names the variable and the values that are valid. */
import { AppError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const invalid = (name: string, problem: string) =>
  new AppError('CONFIG_INVALID', `${name} ${problem}`, { source: 'internal', retryable: false });

/** An empty variable counts as not set: manifests and shells unset a variable this way. */
export function optionalText(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

export function requiredText(env: Environment, name: string): string {
  const value = optionalText(env, name);
  if (value === undefined) throw invalid(name, 'is required but not set');
  return value;
}

/** Reads a whole number; both limits are inclusive. */
export function wholeNumber(
  env: Environment,
  name: string,
  limits: { min: number; max: number; default: number },
): number {
  const text = optionalText(env, name);
  if (text === undefined) return limits.default;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= limits.min && value <= limits.max) return value;
  throw invalid(name, `must be a whole number from ${limits.min} to ${limits.max}, not ${JSON.stringify(text)}`);
}

/** Reads a TCP port; 0 picks a free port. */
export const portNumber = (env: Environment, name: string, fallback: number): number =>
  wholeNumber(env, name, { min: 0, max: 65_535, default: fallback });

export function oneOf<const T extends string>(env: Environment, name: string, allowed: readonly [T, ...T[]]): T {
  const text = optionalText(env, name);
  if (text === undefined) return allowed[0];
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw invalid(name, `must be one of ${allowed.join(', ')}, not ${JSON.stringify(text)}`);
  return found;
}
