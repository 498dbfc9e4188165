/**
 * Runs in a network namespace of its own with a handful of local ports: a proxy, two pods and their clients. One client holds every port
 * towards its pod with uploads that do not end. Sends to the parent what became of the other sessions of that pod.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startProxy } from '../../../../src/dataplane/proxy.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { arrive, ask, lostAmong, startPod } from './customers.ts';

const localPorts = 40;
const file = process.argv[2] ?? '';

// A port that a socket of any address has bound is not given to a connection: clients bind ports outside the range.
let clientPort = 50_000;
const from = () => ({ localAddress: '127.0.7.7', localPort: (clientPort += 1) });

const pods = [await startPod('a'), await startPod('b')];
writeFileSync(file, JSON.stringify(proxyTable({ endpoints: pods.map(({ pod, port }) => ({ pod, port })) })));
const proxy = await startProxy(
  { source: { kind: 'file', file }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs: 0 },
  { clock: systemClock, log: createMemoryLogger(), resolve: () => Promise.resolve([]), bindPort: () => 20_080 },
);
while (proxy.listeners.boundPort(80) === undefined) await delay(10);
const port = 20_080;
// From here on, so that no listener has one of these ports.
writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', `10000 ${10_000 + localPorts - 1}`);
// A closed connection gives its port back at once: none becomes free later, from TIME_WAIT.
writeFileSync('/proc/sys/net/ipv4/tcp_max_tw_buckets', '0');

const customers = await arrive(10, { port, from });
const [attacker, ...others] = customers;
const victims = others.filter(({ pod }) => pod === attacker?.pod);
const upload = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nCookie: ${attacker?.cookie}\r\n\r\n`;
const attacked = pods.find(({ pod }) => pod === attacker?.pod);
if (attacked === undefined) throw new Error('the client that uploads has no session');
const accepted = promisify(attacked.server.getConnections.bind(attacked.server));
const uploads: net.Socket[] = [];
// One upload after another, until each port is held: the first ones may meet ports that closing connections of the arrivals still have.
for (let held = 0; held < localPorts;) {
  const socket = net.connect({ port, host: '127.0.0.1', ...from() }, () => socket.write(upload));
  uploads.push(socket.on('error', () => undefined));
  held += await Promise.race([once(attacked.server, 'request').then(() => 1), once(socket, 'data').then(() => 0)]);
}
const during = await Promise.all(victims.map(({ cookie }) => ask({ port, cookie, from })));
const newcomers = await arrive(3, { port, from });
uploads.forEach((socket) => socket.destroy());
while ((await accepted()) > 0) await delay(20);
const lost = await lostAmong(customers, { port, from });
const metrics = await (await fetch(`http://127.0.0.1:${proxy.adminPort}/metrics`)).text();
process.send?.({
  victims: victims.length,
  during,
  newcomersOnVictimsPod: newcomers.filter(({ pod }) => pod === attacker?.pod).length,
  newcomers: newcomers.length,
  lost: lost.length,
  metrics,
});
process.disconnect?.();
process.exit(0);
