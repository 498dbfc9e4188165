/**
 * What the primary process and its workers tell each other. Both may be of different versions: a worker that is started after an update of the
 * program runs the new one, the primary that starts it still the old one. One that speaks another version does not start.
 */
import { isRecord } from '../../platform/record.ts';
import type { CarrierConflict } from '../../wire/messages.ts';
import type { LineCounts } from '../access-log/line-writer.ts';
import type { ServerCounters } from '../counters.ts';
import type { SocketKind } from '../net/sockets.ts';
import type { SessionCounters } from '../sessions/counters.ts';
import type { ProcessFaults } from '../../platform/process-faults.ts';
import type { TableChange } from './table-change.ts';
import type { EndpointTotal } from './totals.ts';

/** Increases with each change of these messages. */
export const workerProtocol = '1';

/** The environment variable by which a process knows that it is a worker: no setting, and named as none. */
export const workerVariable = 'PROXY_WORKER_PROTOCOL';

/** `number`: of the table, increasing; `change`: of the one before, which the first has not. `bindPort` of the primary has been applied: sockets come with the name of their listener's port. */
export type ToWorker =
  | { type: 'setup'; sockets: SocketKind | undefined; openFiles: number }
  | { type: 'table'; number: number; change: TableChange; asOfMs: number }
  | { type: 'totals'; totals: readonly EndpointTotal[] }
  | { type: 'current'; asOfMs: number }
  | { type: 'ended' | 'seen'; ids: readonly string[] }
  | { type: 'dates'; words: Uint32Array }
  /** Comes with a listening socket, or without one if the port is not bound. `left`: how many more of the port follow. */
  | { type: 'socket'; listenerPort: number; port: number; left: number }
  | { type: 'announceShutdown' }
  /** `keepIdle`: connections between two requests stay open until their clients use or close them, or are idle for too long. */
  | { type: 'stop'; graceMs: number; keepIdle: boolean }
  | { type: 'sendDates' }
  | { type: 'sample' };

/** Changes since the last batch. `slots`: what the numbers in it stand for from now on. */
export type Batch = {
  slots: SlotName[];
  changes: Uint32Array;
  loads: Uint32Array;
  ended: string[];
  seen: string[];
  conflicts: CarrierConflict[];
};

export type SlotName = { number: number; endpoint: string; backend: number };

/** Counters since the start of the process. */
export type WorkerSample = {
  http: ServerCounters;
  sessions: SessionCounters;
  accessLines: LineCounts;
  faults: ProcessFaults['counts'];
  upstream: { open: number; idle: number };
  maxConnections: number;
};

export type FromWorker =
  | ({ type: 'batch' } & Batch)
  /** Requests are routed by this table, and what was counted before has been sent. */
  | { type: 'applied'; number: number }
  | { type: 'bound'; areBound: boolean }
  | { type: 'listen'; listenerPort: number }
  | { type: 'dates'; words: Uint32Array }
  | ({ type: 'sample' } & WorkerSample)
  /** It ends after a fault, and accepts nothing more. */
  | { type: 'faulty' }
  /** Everything that it had to say has been said. */
  | { type: 'done' };

/** Of the same version, as `workerProtocol` says: only what is no message at all is refused. */
export const isFromWorker = (value: unknown): value is FromWorker => isMessage(value);
export const isToWorker = (value: unknown): value is ToWorker => isMessage(value);

const isMessage = (value: unknown): boolean => isRecord(value) && typeof value['type'] === 'string';
