/** One worker process, as the primary knows it. */
import type { Clock } from '../../platform/clock.ts';
import type { MergedSessions } from './merged-sessions.ts';
import type { Batch, FromWorker, ToWorker, WorkerSample } from './messages.ts';
import { noSample } from './samples.ts';
import type { ForkWorker, WorkerProcess } from './worker-process.ts';
import { createWorkerShare, type WorkerShare } from './worker-share.ts';

export type MemberPorts = {
  clock: Clock;
  fork: ForkWorker;
  sessions: MergedSessions;
  /** Sends the sockets of a listener's port. */
  offerPort(listenerPort: number, send: WorkerProcess['send']): void;
};

export type MemberEvents = {
  served(member: Member): void;
  applied(): void;
  noticed(member: Member, notices: Pick<Batch, 'ended' | 'seen' | 'conflicts'>): void;
  dated(member: Member, words: Uint32Array): void;
  /** It ends after a fault, and accepts nothing more. */
  failed(member: Member): void;
  exited(member: Member, how: { code: number | null; signal: string | null }): void;
};

export class Member {
  readonly number: number;
  readonly startedAtMs: number;
  readonly process: WorkerProcess;
  state: 'starting' | 'serving' | 'leaving' = 'starting';
  /** By which it routes; 0: none yet. */
  appliedTable = 0;
  heardMs: number;
  sample: WorkerSample = noSample();
  /** Resolves with whether it serves, or is gone before. */
  readonly serves: Promise<boolean>;
  readonly #serves = Promise.withResolvers<boolean>();
  readonly #clock: Clock;
  readonly #share: WorkerShare;
  readonly #events: MemberEvents;
  readonly #ports: MemberPorts;
  readonly #sampleWaiters = new Set<() => void>();
  /** It has sent everything that it had to say. */
  #isDone = false;

  constructor(number: number, ports: MemberPorts, events: MemberEvents) {
    this.number = number;
    this.serves = this.#serves.promise;
    this.#ports = ports;
    this.#events = events;
    this.#clock = ports.clock;
    this.startedAtMs = ports.clock.nowMs();
    this.heardMs = this.startedAtMs;
    this.#share = createWorkerShare(ports.sessions, number);
    this.process = ports.fork({
      message: (message) => this.#receive(message),
      exited: (how) => this.#exited(how),
    });
  }

  send(message: ToWorker): void {
    this.process.send(message);
  }

  /** Resolves when its counters are from now, at the latest when it is gone. */
  nextSample(): Promise<void> {
    return new Promise((resolve) => {
      this.#sampleWaiters.add(resolve);
      this.send({ type: 'sample' });
    });
  }

  #receive(message: FromWorker): void {
    this.heardMs = this.#clock.nowMs();
    if (message.type === 'batch') {
      this.#share.apply(message);
      this.#events.noticed(this, message);
    } else if (message.type === 'applied') {
      this.appliedTable = message.number;
      this.#events.applied();
    } else if (message.type === 'sample') {
      this.sample = message;
      this.#wakeSampleWaiters();
    } else this.#receiveOther(message);
  }

  #receiveOther(message: Exclude<FromWorker, { type: 'batch' | 'applied' | 'sample' }>): void {
    if (message.type === 'listen') this.#ports.offerPort(message.listenerPort, this.process.send);
    else if (message.type === 'dates') this.#events.dated(this, message.words);
    else if (message.type === 'faulty') this.#events.failed(this);
    else if (message.type === 'done') this.#isDone = true;
    else if (message.areBound && this.state === 'starting') {
      this.state = 'serving';
      this.#serves.resolve(true);
      this.#events.served(this);
    }
  }

  #exited(how: { code: number | null; signal: string | null }): void {
    this.#serves.resolve(false);
    this.#share.release(this.#isDone ? undefined : this.#clock.nowMs());
    this.#events.exited(this, how);
    this.#wakeSampleWaiters();
  }

  #wakeSampleWaiters(): void {
    for (const resolve of this.#sampleWaiters) resolve();
    this.#sampleWaiters.clear();
  }
}
