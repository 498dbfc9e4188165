/** The phases of the operator benchmark: start, deletion of pods, idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectWriter } from '../../src/kube/ports.ts';
import { pods } from '../../src/kube/resources.ts';
import { median, quantile } from '../measure/statistics.ts';
import { cpuMicros, memoryOf, peakMemory } from '../measure/usage.ts';
import type { AuditLog, Writes } from './audit.ts';
import type { WorkloadRef } from './fill.ts';
import { untilQuiet, type Patience } from './patience.ts';
import type { Workloads } from './watching.ts';

export type Stage = {
  /** The process id of the operator. */
  pid: number;
  audit: AuditLog;
  cluster: ObjectWriter;
  workloads: Workloads;
  patience: Patience;
  refs: readonly WorkloadRef[];
  progress: (text: string) => void;
};

/** The time until every StickyWorkload is Ready; the writes, and the memory in bytes, once the operator is idle after that. */
export type Start = { afterMs: number; cpuMicros: number; writes: Writes; resident: number; peak: number };
/** The time from the deletion of a pod until the status of its StickyWorkload shows it as draining. */
export type Change = { count: number; medianMs: number; tailMs: number; writes: Writes };
export type Idle = { writes: Writes; cpuMicros: number };

const readyWithinMs = 10 * 60_000;
const changedWithinMs = 60_000;
const changes = 20;

/** `beganMs`: the start of the process, by `performance.now()`. */
export async function measureStart(
  { pid, audit, workloads, patience, refs, progress }: Stage,
  beganMs: number,
): Promise<Start> {
  const describeState = () => `${workloads.countTrue('Ready')} of ${refs.length} StickyWorkloads are Ready`;
  await patience.until(workloads.untilTrue('Ready', refs.length), { ms: readyWithinMs, describeState });
  const reached = { afterMs: performance.now() - beganMs, cpuMicros: cpuMicros(pid) };
  progress(`all Ready after ${Math.round(reached.afterMs)} ms`);
  await untilQuiet(audit);
  return { ...reached, writes: audit.since(0), resident: memoryOf(pid).resident, peak: peakMemory(pid) };
}

export async function measureChanges({ audit, cluster, workloads, patience, refs, progress }: Stage): Promise<Change> {
  const position = audit.position();
  const takenMs: number[] = [];
  for (const ref of refs.slice(0, changes)) {
    const deletedAtMs = performance.now();
    await cluster.delete(pods, { namespace: ref.namespace, name: ref.firstPod });
    await patience.until(workloads.untilTrueOf('Draining', ref), {
      ms: changedWithinMs,
      describeState: () => `${ref.name} does not report Draining`,
    });
    takenMs.push(performance.now() - deletedAtMs);
  }
  await untilQuiet(audit);
  progress(`${takenMs.length} pods deleted: in the status after ${Math.round(median(takenMs))} ms`);
  return {
    count: takenMs.length,
    medianMs: median(takenMs),
    tailMs: quantile(takenMs, 0.95),
    writes: audit.since(position),
  };
}

export async function measureIdle({ pid, audit, progress }: Stage, seconds: number): Promise<Idle> {
  progress(`measuring the idle operator for ${seconds} s`);
  const [position, usedMicros] = [audit.position(), cpuMicros(pid)];
  await sleep(seconds * 1000);
  return { writes: audit.since(position), cpuMicros: cpuMicros(pid) - usedMicros };
}
