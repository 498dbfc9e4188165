/** The measurements of the operator as tables. */
import { formatBytes, formatNumber } from '../report/markdown.ts';
import type { Section, Table } from '../report/section.ts';
import { isLease, sumWithoutLease, type Writes } from './audit.ts';
import type { Change, Idle, Start } from './phases.ts';
import type { Traffic } from './traffic.ts';

export type Figures = { start: Start; change: Change; idle: Idle; traffic: Traffic };

type Size = { workloads: number; pods: number; idleSeconds: number };

export function renderFigures({ start, change, idle, traffic }: Figures, size: Size): Section {
  const started = sumWithoutLease(start.writes);
  const table: Table = {
    title: `one operator, ${size.workloads.toLocaleString('en-US')} StickyWorkloads, ${size.pods.toLocaleString('en-US')} pods`,
    columns: ['what', 'figure'],
    rows: [
      ['from its start until all are Ready', `${formatNumber(start.afterMs / 1000)} s`],
      ['CPU until then', `${formatNumber(start.cpuMicros / 1e6)} s`],
      ['resident memory when all is done', formatBytes(start.resident)],
      ['the most that was resident', formatBytes(start.peak)],
      [
        'API writes until all is done',
        `${started.toLocaleString('en-US')}, ${formatNumber(started / size.workloads)} a StickyWorkload`,
      ],
      [
        `a pod is deleted: until the status shows it (median of ${change.count})`,
        `${formatNumber(change.medianMs)} ms`,
      ],
      ['the same, 95 %', `${formatNumber(change.tailMs)} ms`],
      ['API writes for one deleted pod', formatNumber(sumWithoutLease(change.writes) / change.count)],
      [`idle for ${size.idleSeconds} s: API writes of the Lease`, String(leaseWrites(idle.writes))],
      ['idle: other API writes', String(sumWithoutLease(idle.writes))],
      ['idle: CPU', `${formatNumber((100 * idle.cpuMicros) / (size.idleSeconds * 1e6))} % of a core`],
    ],
  };
  const writes = { start: start.writes, change: change.writes, idle: idle.writes, traffic: traffic.writes };
  return { tables: [table, renderTraffic(traffic), renderWrites(writes)] };
}

const leaseWrites = (writes: Writes): number =>
  [...writes].reduce((sum, [name, count]) => (isLease(name) ? sum + count : sum), 0);

function renderTraffic({ seconds, proxies, drainMs, ...traffic }: Traffic): Table {
  const others = sumWithoutLease(traffic.writes);
  const ofCounts = traffic.writes.get('patch stickyworkloads/status') ?? 0;
  return {
    title: `the same under traffic: ${proxies} proxies report other counts of all pods of their Gateways each second, for ${seconds} s`,
    columns: ['what', 'figure'],
    rows: [
      ['CPU', `${formatNumber((100 * traffic.cpuMicros) / (seconds * 1e6))} % of a core`],
      ['resident memory', formatBytes(traffic.resident)],
      ['heap in use', formatBytes(traffic.heap)],
      ['API writes of statuses of StickyWorkloads', `${formatNumber(ofCounts / seconds)} a second`],
      ['other API writes, without the Lease', `${formatNumber((others - ofCounts) / seconds)} a second`],
      [
        `a pod is deleted: until the last proxy has acknowledged that it drains (median of ${drainMs.count})`,
        `${formatNumber(drainMs.median)} ms`,
      ],
      ['the same, 95 %', `${formatNumber(drainMs.tail)} ms`],
    ],
  };
}

function renderWrites({
  start,
  change,
  idle,
  traffic,
}: Record<'start' | 'change' | 'idle' | 'traffic', Writes>): Table {
  const phases = [start, change, idle, traffic];
  const names = [...new Set(phases.flatMap((writes) => [...writes.keys()]))].toSorted();
  return {
    title: 'the same writes by kind, from the audit log of the API server',
    columns: ['write', 'until all is done', 'for all deleted pods', 'idle', 'under traffic'],
    rows: names.map((name) => [name, ...phases.map((writes) => (writes.get(name) ?? 0).toLocaleString('en-US'))]),
  };
}
