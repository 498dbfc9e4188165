/**
 * Who may call the sidecar. Its port is open to every pod of the cluster, and an open preStop call costs memory whose exhaustion would end
 * the hold. Calls that matter come from the node (the kubelet) or from the pod itself; everyone else may read health and metrics, over few
 * and short connections. The state of a hold names pods of the proxies, and is for the pod itself.
 *
 * The kubelet's address is one of the node's, or that of the bridge to which the pod is connected: the next hop of its default route. With
 * some network plugins it is neither (OVN-Kubernetes: the management port of the node). So the first startup probe with the key that
 * injection wrote into the probe shows it too.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { covers, parseAddress, parseCidr } from '../src/platform/cidr.ts';

export type CallerSettings = {
  hostIps: readonly string[];
  /** The next hops of the default routes, in the digits of `platform/cidr.ts`. */
  gateways: readonly string[];
  /** Absent: the pod was injected by an earlier version. */
  probeKey?: string;
};

export interface Callers {
  /** Whether the caller runs in the pod, or comes through `kubectl port-forward`. */
  isInPod(address: string | undefined): boolean;
  /** Whether the address is one of the node or the pod itself. */
  isLocal(address: string | undefined): boolean;
  /**
   * Notes the address of a startup probe with the key of this pod. Returns false if it is meant for another pod: on the network of a node,
   * two sidecars may have got the same port, and the other one must not count as started.
   */
  onProbe(address: string | undefined, key: string | undefined): boolean;
  /** Counts a new connection until it closes; false if there are too many of its kind, and it must be closed. */
  admit(socket: Socket): boolean;
}

const loopback = ['127.0.0.0/8', '::1/128'].flatMap((text) => parseCidr(text) ?? []);
const isLoopback = (digits: string): boolean => loopback.some((cidr) => covers(cidr, digits));

/** The kubelet needs one for each container. Local connections have a bound of their own, so that others cannot use it up. */
const maxConnections = { local: 256, other: 32 };
/** For a whole connection of another caller, which needs a few milliseconds. */
const otherLifetimeMs = 5000;

export function createCallers({ hostIps, gateways, probeKey = '' }: CallerSettings): Callers {
  const node = new Set([...hostIps.flatMap((ip) => parseAddress(ip) ?? []), ...gateways]);
  const open = { local: 0, other: 0 };
  let isProbed = false;

  function isLocal(address: string | undefined): boolean {
    const digits = digitsOf(address);
    return digits !== undefined && (node.has(digits) || isLoopback(digits));
  }

  return {
    isInPod(address) {
      const digits = digitsOf(address);
      return digits !== undefined && isLoopback(digits);
    },
    isLocal,
    onProbe(address, key) {
      if (key === undefined || probeKey === '') return true;
      const digits = digitsOf(address);
      if (!isSame(key, probeKey)) return false;
      if (!isProbed && digits !== undefined) node.add(digits);
      isProbed = true;
      return true;
    },
    admit(socket) {
      const kind = isLocal(socket.remoteAddress) ? 'local' : 'other';
      if (open[kind] >= maxConnections[kind]) return false;
      open[kind] += 1;
      const lifetime = kind === 'other' ? setTimeout(() => socket.destroy(), otherLifetimeMs) : undefined;
      socket.once('close', () => {
        open[kind] -= 1;
        clearTimeout(lifetime);
      });
      return true;
    },
  };
}

/** A socket for both families has IPv4 addresses as ::ffff:192.0.2.1; a link-local address has a zone (`%eth0`). */
const digitsOf = (address = ''): string | undefined =>
  parseAddress(address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, ''));

function isSame(key: string, expected: string): boolean {
  const [one, other] = [Buffer.from(key), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
