/** The cost of finding shadows among many routes that differ in one header only: counted in reads of the plan, not in time. */
import { expect, test } from '@jest/globals';
import { findShadows } from '../../../../src/core/resolve/shadowed.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf } from '../../../support/world.ts';

/** `value`: of the header. Older first. */
const route = (at: number, value: number) => ({
  name: `r${at}`,
  createdAt: new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString(),
  spec: {
    parentRefs: [{ name: 'web' }],
    rules: [{ matches: [{ path: { value: '/' }, headers: [{ name: 'X-Tenant', value: String(value) }] }] }],
  },
});

function planOf(routes: ReturnType<typeof route>[]) {
  const plan = translate(snapshotOf({ gateways: [{ name: 'web' }], httpRoutes: routes })).gateways['shop/web'];
  if (plan === undefined) throw new Error('there is no Gateway');
  return plan;
}

/** Returns the plan, and how many fields of it are read from now on. */
function counted<T extends object>(whole: T): { plan: T; reads: () => number } {
  let reads = 0;
  const wrapped = new WeakMap<object, object>();
  function wrap(value: object): object {
    const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    if (!isPlain) return value;
    const known = wrapped.get(value) ?? new Proxy(value, { get });
    wrapped.set(value, known);
    return known;
  }
  function get(target: object, name: string | symbol): unknown {
    reads += 1;
    const value: unknown = Reflect.get(target, name);
    return typeof value === 'object' && value !== null ? wrap(value) : value;
  }
  return { plan: wrap(whole) as T, reads: () => reads };
}

function costOf(size: number): number {
  const { plan, reads } = counted(planOf(Array.from({ length: size }, (_, at) => route(at, at))));
  expect(findShadows(plan).size).toBe(0);
  return reads();
}

test('twice as many routes cost twice as much', () => {
  const [few, many] = [costOf(250), costOf(500)];
  expect(many / few).toBeLessThan(2.2);
});

test('each of many equal routes names the oldest', () => {
  const shadows = findShadows(planOf(Array.from({ length: 100 }, (_, at) => route(at, 1))));
  expect(shadows.size).toBe(99);
  expect([...new Set([...shadows.values()].map(({ by }) => by.title))]).toEqual(['HTTPRoute shop/r0']);
});
