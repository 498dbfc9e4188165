/** The cluster that the demo plays on, as far as it needs one. */
import type { KubeObject, ObjectRef, Resource } from '../../kube/ports.ts';

export type Address = { host: string; port: number };

export interface DemoCluster {
  /** By their kinds: each must be served. Those of a namespace go there. */
  create(objects: readonly KubeObject[], namespace?: string): Promise<void>;
  get(resource: Resource, ref: ObjectRef): KubeObject | undefined;
  list(resource: Resource, namespace: string): readonly KubeObject[];
  /** RFC 7386. */
  patch(resource: Resource, ref: ObjectRef, patch: object): Promise<void>;
  /** Where clients reach a port of a Service; undefined until they can. */
  addressOf(service: { namespace: string; name: string; port: number }): Address | undefined;
  /** For kubectl. */
  readonly kubeconfigFile: string;
  /** Ends all that was started, and removes its files. */
  stop(): Promise<void>;
}
