/** The fields that the demo reads of the shop's objects. Checking the kind is enough: the API server has validated the rest. */
import type { KubeObject } from '../../src/kube/ports.ts';

type WorkloadEndpoint = {
  pod: string;
  state?: string;
  sessions?: number;
  unconfirmedSessions?: number;
  deadline?: string;
};
type Workload = KubeObject & { status?: { acceptingReplicas?: number; endpoints?: WorkloadEndpoint[] } };
type Deployment = KubeObject & { spec: { replicas?: number }; status?: { readyReplicas?: number } };
type ContainerStatus = { image: string; state?: { waiting?: { reason?: string } } };
type Pod = KubeObject & {
  status?: {
    podIP?: string;
    conditions?: { type: string; status: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
};
type Slice = KubeObject & {
  endpoints?: { conditions?: { ready?: boolean }; targetRef?: { name?: string } }[];
  ports?: { port?: number }[];
};
type Event = KubeObject & {
  reason?: string;
  note?: string;
  eventTime?: string;
  regarding?: { kind?: string; name?: string };
};

export const isWorkload = (object: KubeObject): object is Workload => object.kind === 'StickyWorkload';
export const isDeployment = (object: KubeObject): object is Deployment => object.kind === 'Deployment';
export const isPod = (object: KubeObject): object is Pod => object.kind === 'Pod';
export const isSlice = (object: KubeObject): object is Slice => object.kind === 'EndpointSlice';
export const isEvent = (object: KubeObject): object is Event => object.kind === 'Event';
export type { Deployment, Pod, Workload, WorkloadEndpoint };
