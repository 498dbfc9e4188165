/** What each proxy of the comparison has to offer, and how it is started. */
import type { CertificateFiles } from '../certificate.ts';
import { startProgram, untilListening, type Command, type Program } from '../../measure/program.ts';

/** What its clients speak. `http2`: without TLS, by prior knowledge; the app speaks HTTP/1.1. `grpc`: the app speaks HTTP/2 as well. */
export type Protocol = 'http' | 'https' | 'http2' | 'grpc';

/** `certificate`: for `https` only. */
export type Stage = {
  protocol: Protocol;
  upstreamPorts: readonly number[];
  certificate?: CertificateFiles;
  core: number;
};

export type RunningPeer = { program: Program; port: number };

export type Peer = {
  name: string;
  /** Absent: it is what this machine has, or a script of the benchmark. */
  version?: string;
  protocols: readonly Protocol[];
  /** A session keeps its pod; checked before anything is measured. */
  sticky: boolean;
  start: (stage: Stage) => Promise<RunningPeer>;
};

export async function startOn(port: number, command: Command): Promise<RunningPeer> {
  const program = startProgram(command);
  await untilListening(program, port);
  return { program, port };
}
