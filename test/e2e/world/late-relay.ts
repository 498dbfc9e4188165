/** Puts a delay between the operators and one proxy, on the way to the proxy: rules in the network of its pod redirect its connections to a relay in this process. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';
import { findInPod, killInPod } from '../../support/kill.ts';
import { run } from '../../support/kubectl.ts';
import { listObjects, type LiveObject } from '../../support/objects.ts';
import { addressOf } from './proxies.ts';

const discoveryPort = 9444;
/** Where pods reach the network that the tests run in. */
const ownAddress = '10.200.0.1';

export type LateRelay = { connections(): number; close(): Promise<void> };

/** Restarts the proxy: the rules do not redirect connections that are already open. */
export async function delayOperators(proxy: LiveObject, delayMs: number): Promise<LateRelay> {
  const operators = await listObjects('pods', 'holdfast-system', 'app.kubernetes.io/component=operator');
  const relays = await Promise.all(
    operators.map((pod) => startRelay({ host: addressOf(pod), port: discoveryPort }, delayMs)),
  );
  const inPod = async (change: '-A' | '-D') => {
    // Looked up each time: the pod's network outlives the proxy's process.
    const [pid] = await findInPod(proxy.metadata.uid, 'proxy');
    for (const { to, port } of relays) {
      await run('nsenter', [
        '-t',
        String(pid),
        '-n',
        'iptables',
        '-w',
        '-t',
        'nat',
        change,
        'OUTPUT',
        ...redirect(to, port),
      ]);
    }
  };
  await inPod('-A');
  await killInPod(proxy.metadata.uid, 'proxy');
  return {
    connections: () => relays.reduce((sum, { open }) => sum + open.size, 0),
    async close() {
      await inPod('-D');
      for (const { server, open } of relays) {
        for (const socket of open) socket.destroy();
        await server[Symbol.asyncDispose]();
      }
    },
  };
}

const redirect = (to: string, port: number): string[] => [
  '-p',
  'tcp',
  '-d',
  to,
  '--dport',
  String(discoveryPort),
  '-j',
  'DNAT',
  '--to-destination',
  `${ownAddress}:${port}`,
];

type Relay = { server: Server; open: Set<Socket>; to: string; port: number };

async function startRelay(target: { host: string; port: number }, delayMs: number): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target);
    open.add(near);
    near.on('close', () => open.delete(near));
    pass(near, far, 0);
    pass(far, near, delayMs);
  });
  server.listen(0, ownAddress);
  await once(server, 'listening');
  return { server, open, to: target.host, port: (server.address() as AddressInfo).port };
}

/** Timers of one length fire in the order in which they were set: the bytes stay in order. */
function pass(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (chunk) => setTimeout(() => to.write(chunk), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('error', () => to.destroy());
  from.on('close', () => setTimeout(() => to.destroy(), delayMs));
}
