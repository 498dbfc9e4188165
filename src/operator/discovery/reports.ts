/**
 * Which reports and handovers the operator takes: those of the proxies of the Gateway whose ServiceAccount sends them, about the endpoints
 * in that Gateway's table. What is refused has a reason in the metric, the log and the response.
 */
import { ownProcesses, reduceReport } from '../../core/count/reduce-report.ts';
import { createReportScopes } from '../../core/count/report-scope.ts';
import { conflictsIn } from '../../core/count/carrier-conflicts.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import type { CarrierConflict, Handover, Report, ReportAnswer } from '../../wire/messages.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import type { KnownProxies } from '../proxies/known-proxies.ts';
import type { ClaimedBackends } from '../proxies/claimed-backends.ts';
import { RequestError } from '../https/server.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { ProxyCaller } from './caller.ts';
import type { RefusedResources } from './refused-resources.ts';
import type { PublishedTables } from './resource-stream.ts';

/**
 * `Stale`: older than one already received. `Invalid`: it breaks the format. `UnknownProxy`: the pod is not a proxy of the Gateway.
 * `Reduced`: accepted without entries about endpoints that are in no table of the Gateway.
 */
export type ReportResult = 'Accepted' | 'Reduced' | 'Stale' | 'Invalid' | 'UnknownProxy';

export type ReportPorts = {
  tables: Pick<PublishedTables, 'current'>;
  proxies: KnownProxies;
  ledger: Pick<Ledger, 'record'>;
  acknowledgements: Pick<Acknowledgements, 'take'>;
  refused: Pick<RefusedResources, 'take'>;
  claimed: Pick<ClaimedBackends, 'take'>;
  observe: (result: ReportResult) => void;
  /** An app of the Gateway uses the name of a carrier; repeated with each report for some seconds. */
  onConflict: (conflict: CarrierConflict) => void;
  clock: Clock;
  logger: Logger;
};

export interface ReportDesk {
  /** Throws RequestError 403 unless the caller is a proxy of its Gateway: before its body is read. */
  admit(caller: ProxyCaller): void;
  /** Returns the report as far as it counts, and whether the next one must be complete. */
  take(caller: ProxyCaller, report: Report, nowMs: number): { report: Report } & ReportAnswer;
  /** Returns the handover without processes that are not proxies of the Gateway. */
  reduceHandover(caller: ProxyCaller, handover: Handover): Handover;
  /** A body that is no valid report. */
  refuse(caller: ProxyCaller, reason: string): void;
}

const logPauseMs = 60_000;
const maxLogged = 1000;
/** A proxy whose table comes from another replica knows new pods before this replica does. */
const reducedForMs = 30_000;

export function createReportDesk({
  tables,
  proxies,
  ledger,
  acknowledgements,
  refused: refusedResources,
  claimed,
  observe,
  onConflict,
  clock,
  logger,
}: ReportPorts): ReportDesk {
  const isProxyOf =
    ({ gateway }: ProxyCaller) =>
    (uid: string) =>
      proxies.isProxy(keyOf(gateway), uid);

  const scopes = createReportScopes();

  /** By caller and result: a proxy sends up to five reports a second. */
  const loggedAtMs = new Map<string, number>();
  /** Since when each report of a proxy has been reduced, by its UID. */
  const reducedSinceMs = new Map<string, number>();

  function refused(caller: ProxyCaller, result: ReportResult, detail: string): void {
    observe(result);
    warn(caller, result, detail);
  }

  function reduced(caller: ProxyCaller, foreign: number): void {
    observe('Reduced');
    const { uid } = caller.pod;
    if (reducedSinceMs.size >= maxLogged) reducedSinceMs.clear();
    const sinceMs = reducedSinceMs.get(uid) ?? clock.nowMs();
    reducedSinceMs.set(uid, sinceMs);
    if (clock.nowMs() - sinceMs < reducedForMs) return;
    warn(caller, 'Reduced', `${foreign} entries are about no endpoint in the routing table`);
  }

  function accepted({ pod }: ProxyCaller): void {
    observe('Accepted');
    reducedSinceMs.delete(pod.uid);
  }

  function warn(caller: ProxyCaller, result: ReportResult, detail: string): void {
    const key = `${caller.pod.uid} ${result}`;
    if (clock.nowMs() - (loggedAtMs.get(key) ?? -logPauseMs) < logPauseMs) return;
    if (loggedAtMs.size >= maxLogged) loggedAtMs.clear();
    loggedAtMs.set(key, clock.nowMs());
    const { namespace, name, uid } = caller.pod;
    logger.warn({ namespace, pod: name, uid, gateway: keyOf(caller.gateway), result, detail }, 'report refused');
  }

  return {
    admit(caller) {
      if (isProxyOf(caller)(caller.pod.uid)) return;
      const reason = `pod ${caller.pod.namespace}/${caller.pod.name} is not a proxy of Gateway ${keyOf(caller.gateway)}`;
      refused(caller, 'UnknownProxy', reason);
      throw new RequestError(403, `UnknownProxy: ${reason}, or this replica does not know it yet`);
    },
    take(caller, sent, nowMs) {
      const gateway = keyOf(caller.gateway);
      const { table, isRetired = true } = tables.current(gateway) ?? {};
      const { report, foreign } = reduceReport(sent, scopes.of(gateway, table), { isProxy: isProxyOf(caller), nowMs });
      const draining = acknowledgements.take(caller.pod.uid, sent.acknowledged);
      refusedResources.take({ gateway, uid: caller.pod.uid }, sent.acknowledged);
      const recorded = ledger.record(caller.pod.uid, { ...report, draining }, nowMs);
      if (recorded !== 'Recorded') {
        // After a restart of this replica, each proxy builds once on a report that is gone.
        if (recorded === 'Stale') observe('Stale');
        return { report, complete: true };
      }
      const { uid } = caller.pod;
      claimed.take({ gateway, uid }, isRetired ? sent.keyRings && Object.keys(sent.keyRings) : []);
      // Without a table every pod is foreign: this replica has just started, or the Gateway has just been deleted.
      if (foreign > 0 && table) reduced(caller, foreign);
      else accepted(caller);
      if (table && sent.conflicts) conflictsIn(table, sent.conflicts).forEach(onConflict);
      // What was left out is not sent again until it changes: this replica may know those pods by then.
      return { report, complete: foreign > 0 };
    },
    reduceHandover: (caller, handover) => ({
      ...handover,
      successorOf: ownProcesses(handover.successorOf, isProxyOf(caller)) ?? [],
    }),
    refuse(caller, reason) {
      refused(caller, 'Invalid', reason);
    },
  };
}

const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;
