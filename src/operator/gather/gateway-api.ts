/** What of Gateway API is installed, read from the schema of its HTTPRoute rather than from a version (see docs/design). */
import type { Gateway, GatewayApi } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { identityOf } from './pods.ts';
import { type CachedWithStatus, projectWithStatus } from './gateway-objects.ts';

type JsonSchema = { properties?: Record<string, JsonSchema>; items?: JsonSchema };
type Definition = KubeObject & {
  spec?: { versions?: { name: string; served?: boolean; schema?: { openAPIV3Schema?: JsonSchema } }[] };
  status?: { conditions?: { type: string; status: string }[] };
};

export const httpRouteDefinition = 'httproutes.gateway.networking.k8s.io';

export type CachedDefinition = KubeObject & { gatewayApi: GatewayApi };

/** For the reflector: half a megabyte of schema becomes the one fact we need of it. */
export function projectDefinition(object: KubeObject): CachedDefinition {
  const { spec, status } = object as Definition;
  // One that is being deleted takes nothing new, and waits for its objects to go: applying them again would hold it up.
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  const established = !isGoing && (status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false);
  const v1 = spec?.versions?.find(({ name, served }) => name === 'v1' && served !== false);
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(object.metadata),
    gatewayApi: established && v1 ? { installed: true, sessionPersistence: generationOf(v1.schema?.openAPIV3Schema) } : { installed: false },
  };
}

// Generation B (v1.1–v1.6) has sessionName, C (v1.7) has cookie; the standard channel has neither (GEP-1619).
function generationOf(schema: JsonSchema | undefined): 'B' | 'C' | 'Absent' {
  const rule = schema?.properties?.['spec']?.properties?.['rules']?.items;
  const persistence = rule?.properties?.['sessionPersistence']?.properties;
  if (persistence === undefined) return 'Absent';
  return persistence['cookie'] === undefined ? 'B' : 'C';
}

type LiveGateway = KubeObject & {
  spec?: { gatewayClassName?: string; listeners?: { name: string; port: number; protocol: string; hostname?: string }[] };
};

export type CachedGateway = CachedWithStatus & { gateway: Gateway };

export function projectGateway(object: KubeObject): CachedGateway {
  const { metadata, spec } = object as LiveGateway;
  const cached = projectWithStatus(object);
  return {
    ...cached,
    gateway: {
      ...cached.owned,
      className: spec?.gatewayClassName ?? '',
      generation: metadata.generation ?? 0,
      listeners: (spec?.listeners ?? []).map(({ name, port, protocol, hostname }) => ({ name, port, protocol, ...(hostname !== undefined && { hostname }) })),
    },
  };
}
