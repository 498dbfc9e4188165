/** Holdfast as the image runs it, in each protocol of the comparison. */
import { readFileSync } from 'node:fs';
import type { RoutingTable } from '../../../src/wire/routing-table.ts';
import { startProxyWith, type Place } from '../../holdfast/proxy.ts';
import { localTable } from '../../holdfast/table.ts';
import type { CertificateFiles } from '../certificate.ts';
import type { Peer, Stage } from './peer.ts';

export const holdfastPeer = (place: Place): Peer => ({
  name: 'Holdfast',
  sticky: true,
  protocols: ['http', 'https', 'http2', 'grpc'],
  start: async (stage) => {
    const proxy = await startProxyWith(place, (port) => tableFor(port, stage), { core: stage.core });
    return { program: proxy, port: proxy.port };
  },
});

export const twoWorkers = 'Holdfast, 2 workers';

/** On all cores: with fewer than three it shares them with its clients and the app. */
export const workersPeer = (place: Place): Peer => ({
  name: twoWorkers,
  sticky: true,
  protocols: ['http'],
  start: async (stage) => {
    const proxy = await startProxyWith(place, (port) => tableFor(port, stage), { workers: 2 });
    return { program: proxy, port: proxy.port };
  },
});

function tableFor(port: number, { protocol, upstreamPorts, certificate }: Stage): RoutingTable {
  const table = localTable(port, upstreamPorts);
  if (certificate !== undefined) return withCertificate(table, certificate);
  return protocol === 'grpc' ? withHttp2Towards(table) : table;
}

const withCertificate = (table: RoutingTable, { chain, key }: CertificateFiles): RoutingTable => ({
  ...table,
  listeners: table.listeners.map(({ name, port }) => ({ name, port, protocol: 'HTTPS', certificates: ['shop'] })),
  certificates: { shop: { chain: readFileSync(chain, 'utf8'), key: readFileSync(key, 'utf8') } },
});

const withHttp2Towards = (table: RoutingTable): RoutingTable => ({
  ...table,
  backends: Object.fromEntries(
    Object.entries(table.backends).map(([name, backend]) => [name, { ...backend, protocol: 'HTTP2' }]),
  ),
});
