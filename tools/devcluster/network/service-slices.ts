/** Services and their EndpointSlices. Pure. */
import type { KubeObject } from '../../../src/kube/ports.ts';

export type Service = KubeObject & { spec: { clusterIP?: string; sessionAffinity?: string; ports?: Port[] } };
export type Port = { name?: string; port: number; protocol?: string };
export type Conditions = { ready?: boolean; serving?: boolean; terminating?: boolean };
export type Slice = KubeObject & {
  ports?: { name?: string; port?: number }[];
  endpoints?: { addresses: string[]; conditions?: Conditions }[];
};

export const isService = (object: KubeObject): object is Service => object.kind === 'Service';
const isSlice = (object: KubeObject): object is Slice => object.kind === 'EndpointSlice';

export const slicesOf = ({ metadata }: Service, all: readonly KubeObject[]): Slice[] =>
  all
    .filter(isSlice)
    .filter(
      (slice) =>
        slice.metadata.namespace === metadata.namespace &&
        slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name,
    );

/** Unknown counts as ready. */
export const isReady = ({ ready }: Conditions = {}): boolean => ready !== false;
