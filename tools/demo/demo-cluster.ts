/** The cluster that the demo plays on, as far as it needs one. */
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/ports.ts';

export type Address = { host: string; port: number };

/** A port of a Service. */
export type ServicePort = { namespace: string; name: string; port: number };

export interface DemoCluster {
  /** The namespace of the shop that Holdfast keeps. */
  readonly namespace: string;
  /** Who follows the number of customers, as the title says it: `an autoscaler`. */
  readonly scaler: string;
  /** What a person types in place of `kubectl`. */
  readonly kubectl: string;
  /** Its addresses are addresses of this machine: pods and Services can be reached as clients in the cluster reach them. */
  readonly isLocal: boolean;
  /** The objects of Holdfast. One that is installed already stays as it is. */
  install(objects: readonly KubeObject[]): Promise<void>;
  /** By their kinds. Those of a namespace go there. */
  create(objects: readonly KubeObject[], namespace?: string): Promise<void>;
  /** As it was seen last. */
  get(resource: Resource, ref: ObjectRef): KubeObject | undefined;
  list(resource: Resource, namespace: string): readonly KubeObject[];
  /** The shop of a namespace is scaled as its customers need. */
  autoscale(namespace: string, customersPerPod: number): Promise<void>;
  /** From now on it has so many pods, whoever comes. */
  scale(namespace: string, replicas: number): Promise<void>;
  /** Where clients on this machine reach a port of a Service; undefined until they can. */
  addressOf(service: ServicePort): Address | undefined;
  /** Ends and removes all that was made. */
  stop(): Promise<void>;
}
