/** EndpointSlices as the core sees them. */
import type { Slice, SliceEndpoint } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { identityOf } from './pods.ts';

/** Go writes an empty list as null. */
type LiveSlice = KubeObject & {
  addressType?: string;
  ports?: { name?: string | null; protocol?: string | null; port?: number | null }[] | null;
  endpoints?: LiveEndpoint[] | null;
};

type LiveEndpoint = {
  addresses: string[];
  conditions?: { ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null };
  targetRef?: { kind?: string; namespace?: string; name?: string; uid?: string };
};

export type CachedSlice = KubeObject & { slice: Slice };

export function projectSlice(object: KubeObject): CachedSlice {
  const { metadata, addressType, ports, endpoints } = object as LiveSlice;
  const { namespace = '' } = metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(metadata),
    slice: {
      namespace,
      name: metadata.name,
      service: metadata.labels?.['kubernetes.io/service-name'] ?? '',
      family: addressType === 'IPv6' ? 'IPv6' : 'IPv4',
      ports: (ports ?? []).flatMap(readPort),
      // Names of other hosts (addressType FQDN) have no pods.
      endpoints:
        addressType === 'FQDN' ? [] : (endpoints ?? []).flatMap((endpoint) => readEndpoint(endpoint, namespace)),
    },
  };
}

/** A slice of a Service without a selector may leave out the number, which stands for every port. */
function readPort({ name, protocol, port }: NonNullable<LiveSlice['ports']>[number]): Slice['ports'] {
  return typeof port === 'number' && (protocol ?? 'TCP') === 'TCP' ? [{ name: name ?? '', port }] : [];
}

/**
 * The addresses of an endpoint are interchangeable. Absent conditions mean ready, serving and not terminating (discovery/v1). A pod of another
 * namespace counts as an address: a user who may write slices in one namespace must say nothing about the pods of another.
 */
function readEndpoint(
  { addresses: [address], conditions = {}, targetRef }: LiveEndpoint,
  ownNamespace: string,
): SliceEndpoint[] {
  if (address === undefined) return [];
  const { kind, uid, name = '', namespace = ownNamespace } = targetRef ?? {};
  const isPod = kind === 'Pod' && uid !== undefined && namespace === ownNamespace;
  return [
    {
      ...(isPod && { podUid: uid, podName: name }),
      address,
      ready: conditions.ready ?? true,
      serving: conditions.serving ?? true,
      terminating: conditions.terminating ?? false,
    },
  ];
}
