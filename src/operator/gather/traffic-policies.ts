/** XBackendTrafficPolicies: how requests to Services are distributed, of which Holdfast reads the sessions. */
import type { SessionPersistenceSpec } from '../../core/snapshot/http-route.ts';
import type { TrafficPolicy } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { projectWithStatus, type CachedWithStatus } from './owned.ts';

export const trafficPolicyDefinition = 'xbackendtrafficpolicies.gateway.networking.x-k8s.io';

export type CachedTrafficPolicy = CachedWithStatus & { policy: TrafficPolicy };

type LivePolicy = KubeObject & {
  spec?: {
    targetRefs?: { group?: string; kind?: string; name: string }[] | null;
    sessionPersistence?: SessionPersistenceSpec;
  };
};

export function projectTrafficPolicy(object: KubeObject): CachedTrafficPolicy {
  const { metadata, spec = {} } = object as LivePolicy;
  const { targetRefs, sessionPersistence, ...others } = spec;
  const cached = projectWithStatus(object);
  return {
    ...cached,
    policy: {
      ...cached.owned,
      generation: metadata.generation ?? 0,
      createdAt: metadata.creationTimestamp ?? '',
      services: (targetRefs ?? []).filter(isService).map(({ name }) => name),
      ...(sessionPersistence && { sessionPersistence }),
      unsupported: Object.keys(others).map((field) => `spec.${field}`),
    },
  };
}

const isService = ({ group = '', kind }: { group?: string; kind?: string }): boolean =>
  group === '' && kind === 'Service';
