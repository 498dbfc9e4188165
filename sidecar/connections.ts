/**
 * Counts the connections to the app's ports that are sessions. Excluded are the pod's own (loopback, and its address to itself), those from
 * excluded CIDRs, and the kubelet's probes.
 *
 * A probe has the address of the node, but so has a client behind a Service that rewrites the source address. Their duration distinguishes
 * them: a probe is short. A connection from the node counts once it has lasted for half of the quiet period, at most 3 s: always before the
 * quiet period can end.
 *
 * The proxy keeps idle connections for 4 s. They count, and prolong a drain by that time.
 */
import { covers, parseAddress, parseCidr } from '../src/platform/cidr.ts';
import type { Cidr } from '../src/platform/cidr.ts';
import type { ConnectionSettings } from './config.ts';
import { formatPort, fromKernel, readGateways, visitConnections } from './proc-net.ts';
import type { Connection } from './proc-net.ts';

export type ConnectionPorts = {
  settings: ConnectionSettings;
  quietPeriodMs: number;
  /** The folder with the kernel's lists. */
  folder: string;
  nowMs: () => number;
};

type Peer = 'Client' | 'Node' | 'Ignored';

const longestProbeMs = 3000;

const loopback = ['127.0.0.0/8', '::1/128'].flatMap((text) => parseCidr(text) ?? []);

/** Returns a function that counts; it rejects if the number is unknown. */
export function createConnectionCounter({
  settings,
  quietPeriodMs,
  folder,
  nowMs,
}: ConnectionPorts): () => Promise<number> {
  const ports = new Set(settings.ports.map(formatPort));
  const ignored = [...loopback, ...settings.excluded];
  const probeMs = Math.min(longestProbeMs, quietPeriodMs / 2);
  let node: ReadonlySet<string> | undefined;
  /** Connections from the node, and when each was first seen. */
  let fromNode = new Map<string, number>();

  return async () => {
    if (ports.size === 0) {
      throw new Error('no port of the app is known: set spec.drain.connections.ports, and replace the pod');
    }
    // Including the gateway: if pods are connected by a bridge, the kubelet has the bridge's address and not one of the node's.
    const ofNode = (node ??= new Set([
      ...settings.hostIps.flatMap((ip) => parseAddress(ip) ?? []),
      ...(await readGateways(folder)),
    ]));
    const before = fromNode;
    fromNode = new Map();
    let count = 0;
    const visit = (connection: Connection): void => {
      const peer = judgePeer(connection, ignored, ofNode);
      if (peer === 'Client') count += 1;
      if (peer !== 'Node') return;
      const id = Object.values(connection).join(' ');
      const sinceMs = before.get(id) ?? nowMs();
      fromNode.set(id, sinceMs);
      if (nowMs() - sinceMs >= probeMs) count += 1;
    };
    await visitConnections(`${folder}/tcp`, ports, visit);
    await visitConnections(`${folder}/tcp6`, ports, visit).catch(ignoreMissing);
    return count;
  };
}

/** A kernel without IPv6 has no tcp6, and no connections over IPv6. Every kernel has tcp. */
function ignoreMissing(error: unknown): void {
  if (typeof error !== 'object' || error === null || !('code' in error) || error.code !== 'ENOENT') throw error;
}

function judgePeer({ local, remote }: Connection, ignored: readonly Cidr[], node: ReadonlySet<string>): Peer {
  if (remote === local) return 'Ignored';
  const address = fromKernel(remote);
  if (ignored.some((cidr) => covers(cidr, address))) return 'Ignored';
  return node.has(address) ? 'Node' : 'Client';
}
