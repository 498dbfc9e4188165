/** The backends that a proxy of a retired Gateway has, by the keys under which it has them: the routes that led to them are deleted. */
import { indexServiceWorkloads } from '../route/service-workloads.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import { readAppProtocol } from '../route/app-protocol.ts';
import { ownBackend } from './backends.ts';
import type { HeldBackend } from './built-backend.ts';
import { ownsService, type ClusterIndex } from './cluster-index.ts';
import { sourceOf } from './session-sources.ts';

/** `namespace/service:port@rule`, see `heldKey`. */
const inRule = /^([^/]+\/[^/:@]+):(\d+)@/;

type Sources = { plans: ReadonlyMap<string, ServingPlan>; index: ClusterIndex };

/** Returns those of StickyWorkloads; what has no StickyWorkload holds no pod. */
export function readClaims(keys: Iterable<string>, { plans, index }: Sources): HeldBackend[] {
  const workloadOf = indexServiceWorkloads(plans.values(), index.targets);
  return [...keys].flatMap((key) => {
    const own = plans.get(key);
    if (own) return [ownBackend(own, index)];
    const [, name = '', number] = inRule.exec(key) ?? [];
    const service = index.services.get(name);
    const port = service?.ports.find((one) => one.port === Number(number));
    const plan = service && workloadOf(service);
    if (!plan || !port) return [];
    const isOwn = plan.key === name && ownsService(plan, index);
    const protocol = readAppProtocol(port.appProtocol).speaks === 'HTTP2' && ({ protocol: 'HTTP2' } as const);
    return [{ key, plan, service: name, ...(!isOwn && { port }), ...protocol, sessions: sourceOf(plan) }];
  });
}
