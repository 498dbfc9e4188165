/** Listeners as the specs of Gateways and ListenerSets have them. */
import type {
  AllowedNamespaces,
  AllowedRoutes,
  GatewayListener,
  LabelSelector,
  ListenerTls,
} from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { unknownInListener } from './unknown-fields.ts';

export type LiveNamespaces = { from?: string; selector?: LabelSelector | null };

export type LiveListener = {
  name: string;
  port: number;
  protocol: string;
  hostname?: string;
  tls?: { mode?: string; certificateRefs?: LiveSecretReference[] | null; options?: Record<string, string> };
  allowedRoutes?: {
    namespaces?: LiveNamespaces;
    /** Go may write an empty list as null. */
    kinds?: { group?: string; kind: string }[] | null;
  };
};

type LiveSecretReference = { group?: string; kind?: string; namespace?: string; name: string };

type Holder = KubeObject & {
  status?: { listeners?: { name: string; conditions?: { type: string; status: string }[] | null }[] | null };
};

/** `holder`: the object whose spec has the listeners. */
export function readListeners(
  holder: KubeObject,
  listeners: readonly LiveListener[] | null | undefined,
): GatewayListener[] {
  const accepted = acceptedListeners(holder);
  const { namespace = '' } = holder.metadata;
  return (listeners ?? []).map((listener) => readListener(listener, { namespace, accepted }));
}

/** Returns the names of the listeners that are served according to the status. Programmed also depends on the proxies. */
function acceptedListeners({ status }: Holder): ReadonlySet<string> {
  const listeners = (status?.listeners ?? []).filter(({ conditions }) => {
    const isTrue = (wanted: string) =>
      (conditions ?? []).some(({ type, status: is }) => type === wanted && is === 'True');
    return isTrue('Accepted') && !isTrue('Conflicted');
  });
  return new Set(listeners.map(({ name }) => name));
}

function readListener(
  listener: LiveListener,
  { namespace, accepted }: { namespace: string; accepted: ReadonlySet<string> },
): GatewayListener {
  const { name, port, protocol, hostname, tls, allowedRoutes } = listener;
  const unsupported = unknownInListener(listener);
  return {
    name,
    port,
    protocol,
    ...(hostname !== undefined && hostname !== '' && { hostname }),
    allowedRoutes: readAllowedRoutes(allowedRoutes),
    ...(tls && { tls: readTls(tls, namespace) }),
    ...(accepted.has(name) && { acceptedBefore: true }),
    ...(unsupported.length > 0 && { unsupported }),
  };
}

const readTls = (
  { mode = 'Terminate', certificateRefs, options = {} }: NonNullable<LiveListener['tls']>,
  ownNamespace: string,
): ListenerTls => ({
  mode,
  certificateRefs: (certificateRefs ?? []).map(({ group = '', kind = 'Secret', namespace = ownNamespace, name }) => ({
    group,
    kind,
    namespace,
    name,
  })),
  options: Object.keys(options),
});

const gatewayGroup = 'gateway.networking.k8s.io';

function readAllowedRoutes({ namespaces, kinds }: NonNullable<LiveListener['allowedRoutes']> = {}): AllowedRoutes {
  const read = (kinds ?? []).map(({ group = gatewayGroup, kind }) => ({ group, kind }));
  return { kinds: read, ...readNamespaces(namespaces, 'Same') };
}

/**
 * Routes of the own namespace are allowed by default, and no ListenerSets; an unknown value allows none. An absent selector selects nothing, as
 * everywhere in Kubernetes; only an empty one selects everything.
 */
export function readNamespaces({ from, selector }: LiveNamespaces = {}, absent: 'Same' | 'None'): AllowedNamespaces {
  const value = from ?? absent;
  if (value === 'Selector' && selector) return { from: value, selector };
  return { from: value === 'Same' || value === 'All' ? value : 'None' };
}
