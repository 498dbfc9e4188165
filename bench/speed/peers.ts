/** The proxies that are measured: Holdfast, two that are known to be fast, and two on Node that show the cost of Node itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProxy, type Place } from '../holdfast/proxy.ts';
import { findProgram, freePort, startProgram, untilListening, type Command, type Program } from '../measure/program.ts';
import { renderHaproxy } from './haproxy.ts';
import { renderNginx } from './nginx.ts';

export type RunningPeer = { program: Program; port: number };

export type Peer = {
  name: string;
  /** `sticky`: a session keeps its pod; checked before anything is measured. `none`: requests are sent without a session. */
  sessions: 'sticky' | 'any' | 'none';
  start: (upstreamPorts: readonly number[], core: number) => Promise<RunningPeer>;
};

export type Peers = { peers: readonly Peer[]; skipped: readonly string[] };

export function findPeers(place: Place): Peers {
  const haproxy = findProgram('haproxy');
  const nginx = findProgram('nginx');
  const missing = (name: string, found: string | undefined) =>
    found === undefined ? [`${name}, because it is not installed: \`apt-get install ${name}\`.`] : [];
  return {
    peers: [
      ...(haproxy === undefined ? [] : [haproxyPeer(haproxy, place.folder)]),
      ...(nginx === undefined ? [] : [nginxPeer(nginx, place.folder)]),
      holdfastPeer(place),
      scriptPeer({ name: 'node:http', script: 'node-http-proxy.ts', sessions: 'sticky' }),
      scriptPeer({ name: 'net, bytes only', script: 'pass-through.ts', sessions: 'any' }),
    ],
    skipped: [...missing('haproxy', haproxy), ...missing('nginx', nginx)],
  };
}

async function startOn(port: number, command: Command): Promise<RunningPeer> {
  const program = startProgram(command);
  await untilListening(program, port);
  return { program, port };
}

const holdfastPeer = (place: Place): Peer => ({
  name: 'Holdfast',
  sessions: 'sticky',
  start: async (upstreamPorts, core) => {
    const proxy = await startProxy(place, upstreamPorts, core);
    return { program: proxy, port: proxy.port };
  },
});

type RenderConfig = (port: number, upstreamPorts: readonly number[]) => string;

const startHaproxy =
  (command: string, folder: string, render: RenderConfig): Peer['start'] =>
  async (upstreamPorts, core) => {
    const port = await freePort();
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, render(port, upstreamPorts));
    return startOn(port, { command, args: ['-db', '-f', file], core });
  };

const haproxyPeer = (command: string, folder: string): Peer => ({
  name: 'HAProxy',
  sessions: 'sticky',
  start: startHaproxy(command, folder, renderHaproxy),
});

/** HAProxy without sessions. */
export const plainHaproxyPeer = (command: string, folder: string, render: RenderConfig): Peer => ({
  name: 'HAProxy',
  sessions: 'none',
  start: startHaproxy(command, folder, render),
});

const nginxPeer = (command: string, folder: string): Peer => ({
  name: 'nginx',
  sessions: 'sticky',
  start: async (upstreamPorts, core) => {
    const port = await freePort();
    const own = join(folder, 'nginx');
    mkdirSync(own, { recursive: true });
    const file = join(own, 'nginx.conf');
    writeFileSync(file, renderNginx(port, upstreamPorts, own));
    return startOn(port, { command, args: ['-p', own, '-e', 'stderr', '-c', file], core });
  },
});

/** Starts a program of this folder. A pass-through has one upstream: it does not read requests, so it cannot choose. */
const scriptPeer = ({ name, script, sessions }: Pick<Peer, 'name' | 'sessions'> & { script: string }): Peer => ({
  name,
  sessions,
  start: async (upstreamPorts, core) => {
    const port = await freePort();
    const upstreams = sessions === 'sticky' ? upstreamPorts : upstreamPorts.slice(0, 1);
    return startOn(port, {
      command: process.execPath,
      args: [join(import.meta.dirname, script), String(port), ...upstreams.map(String)],
      core,
    });
  },
});
