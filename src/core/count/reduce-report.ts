/**
 * Limits what a proxy's report can say. The operator adds up the reports of all namespaces, and anyone who may run a pod as the ServiceAccount
 * of a Gateway's proxy can send any report: it must count only for that Gateway, for a bounded time, in bounded memory.
 */
import type { EndpointReport, ProxyProcess, Report } from '../../wire/messages.ts';
import type { ReportScope } from './report-scope.ts';

export type ReducedReport = {
  report: Report;
  /**
   * Number of endpoints that were left out: they are in no table of the Gateway. Processes that are not its proxies do not count: a replica that has
   * just started never learns of a proxy that stopped before, and its successors name it for ten minutes.
   */
  foreign: number;
};

/** A proxy inherits from those that stopped lately: a rollout replaces each of them once. */
const maxPredecessors = 256;
const maxKeys = 16;

/** Returns the report without what the Gateway's proxies cannot know. `isProxy`: whether a UID is, or lately was, that of one of them. */
export function reduceReport(
  report: Report,
  scope: ReportScope,
  { isProxy, nowMs }: { isProxy: (uid: string) => boolean; nowMs: number },
): ReducedReport {
  const { endpoints, foreign } = inScope(report.endpoints, scope, nowMs + scope.longestIdleMs);
  const successorOf = ownProcesses(report.successorOf, isProxy);
  return {
    report: {
      ...report,
      endpoints,
      ...(successorOf && { successorOf }),
      ...(report.keyRings && { keyRings: keyRingsOf(report.keyRings, scope) }),
    },
    foreign,
  };
}

/** Returns the processes of the Gateway's own proxies: those of another Gateway must not be declared stopped. */
export const ownProcesses = (
  processes: ProxyProcess[] | undefined,
  isProxy: (uid: string) => boolean,
): ProxyProcess[] | undefined => processes?.filter(({ uid }) => isProxy(uid)).slice(0, maxPredecessors);

/** In one pass: a report has thousands of entries. */
function inScope(
  all: readonly EndpointReport[],
  scope: ReportScope,
  latestMs: number,
): { endpoints: EndpointReport[]; foreign: number } {
  const endpoints: EndpointReport[] = [];
  let foreign = 0;
  for (const endpoint of all) {
    if (scope.endpoints.has(endpoint.uid)) endpoints.push(boundTimes(endpoint, latestMs));
    else if (!scope.removed.has(endpoint.uid)) foreign += 1;
  }
  return { endpoints, foreign };
}

function boundTimes(endpoint: EndpointReport, latestMs: number): EndpointReport {
  const { expiresAtMs, unconfirmed } = endpoint;
  if (Math.max(expiresAtMs, unconfirmed?.expiresAtMs ?? 0) <= latestMs) return endpoint;
  return {
    ...endpoint,
    expiresAtMs: Math.min(expiresAtMs, latestMs),
    ...(unconfirmed && {
      unconfirmed: { ...unconfirmed, expiresAtMs: Math.min(unconfirmed.expiresAtMs, latestMs) },
    }),
  };
}

const keyRingsOf = (
  keyRings: NonNullable<Report['keyRings']>,
  { hasSessions }: ReportScope,
): NonNullable<Report['keyRings']> =>
  Object.fromEntries(
    Object.entries(keyRings).flatMap(([backend, { current, ids }]) =>
      hasSessions(backend) ? [[backend, { current, ids: ids.slice(0, maxKeys) }]] : [],
    ),
  );
