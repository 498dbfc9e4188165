/**
 * The worker processes of a proxy.
 *
 *     starting ──ports bound──► serving ──restart, shutdown, fault──► leaving ──nothing open──► gone
 *                                  └──────────────dies──────────► gone, and another is started
 */
import type { Backoff } from '../../platform/backoff.ts';
import type { Logger } from '../../platform/log.ts';
import { sleep } from '../../platform/clock.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { maxWorkers } from './merged-sessions.ts';
import { Member, type MemberEvents, type MemberPorts } from './member.ts';
import type { Batch, ToWorker, WorkerSample } from './messages.ts';
import { addSamples, closedSample, noSample } from './samples.ts';
import { changeOf } from './table-change.ts';
import { packDates, readDates } from './session-changes.ts';

export type WorkersPorts = MemberPorts & {
  log: Logger;
  backoff: Backoff;
  setup: Extract<ToWorker, { type: 'setup' }>;
  /** How long a worker that was replaced may keep its connections. */
  leaveWithinMs(): number;
  onNotices(notices: Pick<Batch, 'ended' | 'seen' | 'conflicts'>): void;
};

/** How late the others' counts are when a pod is chosen for a new session. */
const totalsEveryMs = 100;
const sampleEveryMs = 1000;
const sampleWithinMs = 500;
/** A worker that has said nothing for so long hangs: its connections are lost already. */
const silenceLimitMs = 30_000;
/** Of a new one, until its ports are bound. */
const startWithinMs = 30_000;
/** One that lived for so long did not die of its start. */
const healthyAfterMs = 10_000;

type Told = Extract<ToWorker, { type: 'current' | 'ended' | 'seen' | 'dates' | 'announceShutdown' }>;

export class Workers {
  readonly #ports: WorkersPorts;
  readonly #members = new Set<Member>();
  readonly #events: MemberEvents = {
    served: (member) => this.#served(member),
    applied: () => this.#checkApplied(),
    noticed: (member, notices) => this.#noticed(member, notices),
    dated: (member, words) => this.#dated(member, words),
    failed: (member) => this.#failed(member),
    exited: (member, how) => this.#exited(member, how),
  };
  /** Called when one is gone. */
  readonly #memberWaiters = new Set<() => void>();
  readonly #tableWaiters = new Set<() => void>();
  #table: { number: number; table: RoutingTable; asOfMs: number } | undefined;
  #wanted = 0;
  /** Of workers that are gone. */
  #kept = noSample();
  #deaths = 0;
  #isReplacing = false;
  #cancelTick = () => {};
  #cancelTotals = () => {};

  constructor(ports: WorkersPorts) {
    this.#ports = ports;
  }

  /** Starts so many, and from then on keeps so many. */
  start(count: number): void {
    this.#wanted = count;
    this.#fill();
    this.#tick();
    this.#tellTotals();
  }

  /** Workers that died. */
  get deaths(): number {
    return this.#deaths;
  }

  /** By state. */
  counts(): Record<Member['state'], number> {
    const counts = { starting: 0, serving: 0, leaving: 0 };
    for (const { state } of this.#members) counts[state] += 1;
    return counts;
  }

  applyTable(table: RoutingTable, asOfMs: number): void {
    const [before, number] = [this.#table?.table, (this.#table?.number ?? 0) + 1];
    this.#table = { number, table, asOfMs };
    this.#send({ type: 'table', number, change: changeOf(before, table), asOfMs });
  }

  tell(message: Told): void {
    if (message.type === 'current' && this.#table !== undefined) this.#table.asOfMs = message.asOfMs;
    this.#send(message);
  }

  /** Resolves when each worker routes by the last table; undefined if each does already. */
  whenApplied(): Promise<void> | undefined {
    if (this.#isApplied()) return undefined;
    return new Promise((resolve) => void this.#tableWaiters.add(resolve));
  }

  /** The sums of all counters, as of the last `refresh`. */
  sample(): WorkerSample {
    return addSamples([this.#kept, ...[...this.#members].map(({ sample }) => sample)]);
  }

  async refresh(): Promise<void> {
    const samples = [...this.#members].map((member) => member.nextSample());
    await Promise.race([Promise.all(samples), sleep(this.#ports.clock, sampleWithinMs)]);
  }

  /** Starts a new worker in the place of each, which accepts before the old one stops. */
  async replace(): Promise<void> {
    const { log } = this.#ports;
    if (this.#isReplacing || this.#wanted === 0) {
      log.warn({}, 'workers not replaced: they are being replaced or stopped already');
      return;
    }
    this.#isReplacing = true;
    const old = [...this.#members].filter(({ state }) => state !== 'leaving');
    for (const member of old) if (!(await this.#replaceOne(member))) break;
    this.#isReplacing = false;
  }

  /** Resolves when all are gone. */
  async stop(graceMs: number): Promise<void> {
    this.#wanted = 0;
    for (const member of this.#members) this.#dismiss(member, { graceMs, keepIdle: false });
    while (this.#members.size > 0) await this.#nextChange();
    this.#cancelTick();
    this.#cancelTotals();
  }

  kill(): void {
    for (const { process } of this.#members) process.kill();
  }

  /** Returns whether another one serves in its place. */
  async #replaceOne(member: Member): Promise<boolean> {
    const { clock, log } = this.#ports;
    const next = this.#spawn();
    const cancelKill = clock.after(startWithinMs, () => next?.process.kill());
    const serves = next !== undefined && (await next.serves);
    cancelKill();
    if (!serves || this.#wanted === 0) {
      log.error({ worker: member.number }, 'no worker could take the place of another: the old ones stay');
      return false;
    }
    if (this.#members.has(member)) this.#dismiss(member, { graceMs: this.#ports.leaveWithinMs(), keepIdle: true });
    return true;
  }

  #dismiss(member: Member, how: { graceMs: number; keepIdle: boolean }): void {
    member.state = 'leaving';
    member.send({ type: 'stop', ...how });
  }

  /** Undefined: too many that have left still have connections. */
  #spawn(): Member | undefined {
    const { log, sessions, setup } = this.#ports;
    const taken = new Set([...this.#members].map(({ number }) => number));
    const number = Array.from({ length: maxWorkers }, (_, at) => at).find((free) => !taken.has(free));
    if (number === undefined) {
      log.error({ workers: taken.size }, 'no worker started: too many old ones still have connections');
      return undefined;
    }
    const member = new Member(number, this.#ports, this.#events);
    this.#members.add(member);
    member.send(setup);
    if (this.#table !== undefined) {
      const { table, ...stamp } = this.#table;
      member.send({ type: 'table', change: changeOf(undefined, table), ...stamp });
      member.send({ type: 'totals', totals: sessions.totals() });
    }
    // When sessions were last seen, so that a token with an old date is as good at the new one.
    member.send({ type: 'dates', words: packDates(dated(sessions.all())) });
    this.#send({ type: 'sendDates' }, member);
    return member;
  }

  #fill(): void {
    const active = [...this.#members].filter(({ state }) => state !== 'leaving').length;
    for (let missing = this.#wanted - active; missing > 0; missing -= 1) this.#spawn();
  }

  #served({ number, process }: Member): void {
    this.#ports.log.info({ worker: number, pid: process.pid }, 'worker serves');
  }

  #noticed(member: Member, notices: Pick<Batch, 'ended' | 'seen' | 'conflicts'>): void {
    const { ended, seen } = notices;
    if (ended.length > 0) this.#send({ type: 'ended', ids: ended }, member);
    if (seen.length > 0) this.#send({ type: 'seen', ids: seen }, member);
    this.#ports.onNotices(notices);
  }

  #dated(member: Member, words: Uint32Array): void {
    for (const { lastSeenS, ...session } of readDates(words)) this.#ports.sessions.dated(session, lastSeenS);
    this.#send({ type: 'dates', words }, member);
  }

  #failed(member: Member): void {
    member.state = 'leaving';
    this.#replaceLater(member);
  }

  #exited(member: Member, how: { code: number | null; signal: string | null }): void {
    this.#members.delete(member);
    this.#kept = addSamples([this.#kept, closedSample(member.sample)]);
    const figures = { worker: member.number, pid: member.process.pid, ...how };
    if (member.state === 'leaving') this.#ports.log.info(figures, 'worker is gone');
    else {
      this.#deaths += 1;
      this.#ports.log.error(figures, 'worker died: its connections are lost, and another takes its place');
      this.#replaceLater(member);
    }
    this.#checkApplied();
    wake(this.#memberWaiters);
  }

  #replaceLater({ startedAtMs }: Member): void {
    const { clock, backoff } = this.#ports;
    if (clock.nowMs() - startedAtMs >= healthyAfterMs) backoff.reset();
    clock.after(backoff.next(), () => this.#fill());
  }

  #tick(): void {
    const { clock, log } = this.#ports;
    for (const member of this.#members) {
      member.send({ type: 'sample' });
      if (clock.nowMs() - member.heardMs <= silenceLimitMs) continue;
      log.error({ worker: member.number, pid: member.process.pid }, 'worker does not respond: it is killed');
      member.process.kill();
    }
    this.#cancelTick = clock.after(sampleEveryMs, () => this.#tick());
  }

  #tellTotals(): void {
    const { clock, sessions } = this.#ports;
    const totals = sessions.takeChangedTotals();
    if (totals.length > 0) this.#send({ type: 'totals', totals });
    this.#cancelTotals = clock.after(totalsEveryMs, () => this.#tellTotals());
  }

  #send(message: ToWorker, except?: Member): void {
    for (const member of this.#members) if (member !== except) member.send(message);
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => void this.#memberWaiters.add(resolve));
  }

  /** One without a table routes nothing. */
  #isApplied(): boolean {
    const number = this.#table?.number ?? 0;
    return [...this.#members].every(({ appliedTable }) => appliedTable === 0 || appliedTable === number);
  }

  #checkApplied(): void {
    if (this.#isApplied()) wake(this.#tableWaiters);
  }
}

function wake(waiting: Set<() => void>): void {
  for (const resolve of waiting) resolve();
  waiting.clear();
}

/** Only workers know the others' dates. */
function* dated<T extends { lastSeenS: number }>(sessions: Iterable<T>): Generator<T> {
  for (const session of sessions) if (session.lastSeenS > 0) yield session;
}
