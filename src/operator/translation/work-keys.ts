/** The keys of the controller's queue: `namespace/name` of a StickyWorkload, with the kind before it for others. */
import { gatewayKey } from '../../core/resolve/plan.ts';
import type { KubeObject } from '../../kube/ports.ts';
import type { CachedListenerSet } from '../gather/listener-sets.ts';
import type { Fault } from '../gather/faults.ts';

// No StickyWorkload can have such a key: namespaces have no capital letters.
const gatewayPrefix = 'Gateway/';
export const gatewayClassWork = 'GatewayClass';
export const holdfastProxyWork = 'HoldfastProxy';

/** Returns `namespace/name` of the Gateway of a queue key, or undefined for keys of other kinds. */
export const gatewayOfWork = (key: string): string | undefined =>
  key.startsWith(gatewayPrefix) ? key.slice(gatewayPrefix.length) : undefined;

/** Returns the queue key of a Gateway, `namespace/name`. */
export const workOfGateway = (key: string): string => gatewayPrefix + key;

const judgedKinds: ReadonlySet<string> = new Set([
  'Gateway',
  'HTTPRoute',
  'GRPCRoute',
  'XBackendTrafficPolicy',
  'XBackend',
  'BackendTLSPolicy',
]);

/** Returns the keys of the work on an object that cannot be translated, which may be in no translation. Those of other kinds are written with others. */
export const keysOfFault = ({ kind, namespace, name }: Pick<Fault, 'kind' | 'namespace' | 'name'>): string[] =>
  judgedKinds.has(kind) ? [`${kind}/${namespace}/${name}`] : [];

/** Returns the kind of the object of a queue key. */
export const kindOfWork = (key: string): string => /^[A-Z][A-Za-z]+/.exec(key)?.[0] ?? 'StickyWorkload';

/** Returns the keys of the work that writes the status of a cached object; the route of a StickyWorkload has its name. */
export function statusKeys(object: KubeObject): string[] {
  const { kind, metadata } = object;
  const key = `${metadata.namespace ?? ''}/${metadata.name}`;
  if (kind === 'StickyWorkload') return [key];
  if (kind === 'GatewayClass') return [gatewayClassWork];
  // A GatewayClass may refer to it.
  if (kind === 'HoldfastProxy') return [gatewayClassWork, holdfastProxyWork];
  // Its Gateway writes the statuses of all of its ListenerSets.
  if (isListenerSet(object)) return [workOfGateway(gatewayKey(object.listenerSet.parent))];
  return kind === 'HTTPRoute' || kind === 'GRPCRoute' ? [`${kind}/${key}`, key] : [`${kind}/${key}`];
}

const isListenerSet = (object: KubeObject): object is CachedListenerSet => object.kind === 'ListenerSet';
