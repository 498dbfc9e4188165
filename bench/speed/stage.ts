/** The app, and all proxies in front of it, for the workloads of one protocol. All run until these are measured; an idle one takes no CPU. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startProgram, untilListening, type Program } from '../measure/program.ts';
import { ask } from './ask.ts';
import type { CertificateFiles } from './certificate.ts';
import type { Target } from './load/load.ts';
import type { Peer, Protocol, RunningPeer } from './peers/peer.ts';
import { beginSessions } from './sessions.ts';

/** `sessions`: how many each proxy has. */
export type StagePlace = {
  folder: string;
  certificate: CertificateFiles;
  sessions: number;
  progress: (text: string) => void;
};

/** A proxy whose sessions have begun. */
export type Ready = { name: string; pid: number; target: Target };

/** `direct`: the app itself. `skipped`: proxies that do not work in this protocol, and why. */
export type Stage = { ready: readonly Ready[]; direct: Target; skipped: readonly string[]; stop: () => Promise<void> };

const upstreamCount = 2;
// The proxy has its own core; so does the app where the machine has a third.
export const proxyCore = 0;
export const loadCore = 1;
const appCore = Math.min(2, availableParallelism() - 1);

export async function startStage(protocol: Protocol, peers: readonly Peer[], place: StagePlace): Promise<Stage> {
  const { app, upstreamPorts } = await startApp(protocol);
  const [ready, skipped, programs]: [Ready[], string[], Program[]] = [[], [], [app]];
  for (const peer of peers.filter(({ protocols }) => protocols.includes(protocol))) {
    place.progress(`${protocol}: starting ${peer.name}`);
    try {
      const running = await peer.start({
        protocol,
        upstreamPorts,
        core: proxyCore,
        ...(protocol === 'https' && { certificate: place.certificate }),
      });
      programs.push(running.program);
      ready.push(await prepare(peer, running, { protocol, ...place }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push(`${peer.name} in ${protocol}, because ${reason}.`);
    }
  }
  return {
    ready,
    direct: {
      port: upstreamPorts[0] ?? 0,
      cookies: Array.from({ length: place.sessions }, () => undefined),
      folder: place.folder,
      core: loadCore,
    },
    skipped,
    stop: async () => void (await Promise.all(programs.map((program) => program.stop()))),
  };
}

/** Two pods of an app, in one process. */
export async function startApp(protocol: Protocol): Promise<{ app: Program; upstreamPorts: readonly number[] }> {
  const ports = await Promise.all(Array.from({ length: upstreamCount }, freePort));
  const [script, ...args] = protocol === 'grpc' ? ['grpc-app.ts'] : ['upstream.ts', '64'];
  const app = startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, 'apps', script ?? ''), ...args, ...ports.map(String)],
    core: appCore,
  });
  for (const port of ports) await untilListening(app, port);
  return { app, upstreamPorts: ports };
}

async function prepare(
  { name, sticky }: Peer,
  { program, port }: RunningPeer,
  { protocol, folder, sessions }: StagePlace & { protocol: Protocol },
): Promise<Ready> {
  const cookies = await beginSessions({ protocol, port, count: sessions, sticky });
  if (protocol !== 'grpc') {
    const { status, bytes } = await ask(protocol, port, { path: '/8192', cookie: cookies[0] });
    if (status !== 200 || bytes !== 8192) throw new Error(`a page has status ${status} and ${bytes} bytes`);
  }
  return { name, pid: program.pid, target: { port, cookies, folder, core: loadCore } };
}
