/** Of which Services a translation reads the EndpointSlices. */
import type { Translation } from './translation.ts';

const known = new WeakMap<Translation['built'], ReadonlySet<string>>();

/** `service`: `namespace/name`. The slices of all others may change without a difference to the result. */
export function readsSlicesOf({ built }: Pick<Translation, 'built'>, service: string): boolean {
  let services = known.get(built);
  if (!services) known.set(built, (services = servicesOf(built)));
  return services.has(service);
}

function servicesOf(built: Translation['built']): Set<string> {
  const found = new Set<string>();
  for (const { of } of built.values()) {
    const service = 'plan' in of ? of.service : of.target.service;
    if (service !== undefined) found.add(service);
  }
  return found;
}
