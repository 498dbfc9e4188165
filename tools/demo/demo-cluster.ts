/** What the demo needs of a cluster. */
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/ports.ts';

export type Address = { host: string; port: number };

/** A port of a Service. */
export type ServicePort = { namespace: string; name: string; port: number };

export interface DemoCluster {
  /** Of the shop with Holdfast. */
  readonly namespace: string;
  /** What scales the shop, as it stands in the title: `an autoscaler`. */
  readonly scaler: string;
  /** The command of `kubectl` for this cluster. */
  readonly kubectl: string;
  /** Addresses of its pods and Services are addresses of this machine, reachable as from within the cluster. */
  readonly isLocal: boolean;
  /** Creates the objects of Holdfast. An existing installation is not changed. */
  install(objects: readonly KubeObject[]): Promise<void>;
  /** Namespaced objects are created in `namespace`. */
  create(objects: readonly KubeObject[], namespace?: string): Promise<void>;
  /** The last known object. */
  get(resource: Resource, ref: ObjectRef): KubeObject | undefined;
  list(resource: Resource, namespace: string): readonly KubeObject[];
  /** Starts to scale the shop of a namespace by the number of customers. */
  autoscale(namespace: string, customersPerPod: number): Promise<void>;
  /** Sets the replicas of the shop; autoscaling stops. */
  scale(namespace: string, replicas: number): Promise<void>;
  /** The address of a Service's port for clients on this machine; undefined until it is reachable. */
  addressOf(service: ServicePort): Address | undefined;
  /** Stops and removes all that was created. */
  stop(): Promise<void>;
}
