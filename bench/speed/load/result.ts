/** Reads what a load generator returned. */
export function readNumber(result: unknown, name: string): number {
  const value: unknown = typeof result === 'object' && result !== null ? Reflect.get(result, name) : undefined;
  if (typeof value === 'number') return value;
  throw new Error(`the result of the load generator has no ${name}: ${JSON.stringify(result)}`);
}
