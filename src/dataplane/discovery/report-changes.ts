/** What a report says beyond one that a replica of the operator has: with thousands of pods, most of them have not changed in a second. */
import type { EndpointReport, Report } from '../../wire/messages.ts';

/** The last report that a replica has received. */
export type Received = {
  sequence: number;
  /** When the last complete one was sent. */
  completeAtMs: number;
  endpoints: ReadonlyMap<string, EndpointReport>;
  keyRings: string;
};

/** What a lost change of a replica costs is bounded by this. */
const completeEveryMs = 30_000;

/** `report`: a complete one. Returns what is sent to the replica, and what it has once it has received that. */
export function changesSince(
  report: Report,
  before: Received | undefined,
  nowMs: number,
): { sent: Report; received: Received } {
  const endpoints = new Map(report.endpoints.map((endpoint) => [endpoint.uid, endpoint]));
  const { sequence, keyRings, ...others } = report;
  const received = { sequence, endpoints, keyRings: JSON.stringify(keyRings) };
  if (before === undefined || nowMs - before.completeAtMs >= completeEveryMs) {
    return { sent: report, received: { ...received, completeAtMs: nowMs } };
  }
  const gone = [...before.endpoints.keys()].filter((uid) => !endpoints.has(uid));
  const sent = {
    ...others,
    sequence,
    since: before.sequence,
    ...(gone.length > 0 && { gone }),
    endpoints: report.endpoints.filter((endpoint) => !isAlike(before.endpoints.get(endpoint.uid), endpoint)),
    ...(keyRings && before.keyRings !== received.keyRings && { keyRings }),
  };
  return { sent, received: { ...received, completeAtMs: before.completeAtMs } };
}

const isAlike = (one: EndpointReport | undefined, other: EndpointReport): boolean =>
  one?.sessions === other.sessions &&
  one.expiresAtMs === other.expiresAtMs &&
  one.unconfirmed?.sessions === other.unconfirmed?.sessions &&
  one.unconfirmed?.expiresAtMs === other.unconfirmed?.expiresAtMs;
