/** EndpointSlices as the core sees them. */
import type { Slice } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { identityOf } from './pods.ts';

type LiveSlice = KubeObject & {
  addressType?: string;
  /** Go writes an empty list as null. */
  ports?: { port?: number }[] | null;
  endpoints?:
    | {
        addresses: string[];
        conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
        targetRef?: { kind?: string; name?: string; uid?: string };
      }[]
    | null;
};

export type CachedSlice = KubeObject & { slice: Slice };

/** Absent conditions mean ready, serving and not terminating (discovery/v1). */
export function projectSlice(object: KubeObject): CachedSlice {
  const { metadata, ports, endpoints } = object as LiveSlice;
  const port = ports?.[0]?.port;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(metadata),
    slice: {
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      service: metadata.labels?.['kubernetes.io/service-name'] ?? '',
      ...(port !== undefined && { port }),
      endpoints: (endpoints ?? []).flatMap(({ addresses, conditions = {}, targetRef }) =>
        targetRef?.kind === 'Pod' && targetRef.uid !== undefined && addresses[0] !== undefined
          ? [
              {
                podUid: targetRef.uid,
                podName: targetRef.name ?? '',
                address: addresses[0],
                ready: conditions.ready ?? true,
                serving: conditions.serving ?? true,
                terminating: conditions.terminating ?? false,
              },
            ]
          : [],
      ),
    },
  };
}
