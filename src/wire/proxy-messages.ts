/** Checks of what a proxy sends: its hello, its reports and its handovers. */
import {
  boolean,
  checked,
  checkedJson,
  count,
  hexId,
  list,
  map,
  object,
  oneOf,
  optional,
  string,
  text,
  time,
  whole,
  yes,
  type Checked,
} from './check.ts';
import { maxHandedEnds, maxHandedSessions } from './messages.ts';
import type {
  CarrierConflict,
  EndpointReport,
  HandedSession,
  Handover,
  Hello,
  KeyRingReport,
  ProxyProcess,
  Refusal,
  Report,
  ReportAnswer,
} from './messages.ts';

const uid = text(253);
const handed = object<HandedSession>({
  id: hexId,
  endpoint: hexId,
  backend: whole(0, 0xffff_ffff),
  lastSeenS: count,
  issuedAtS: count,
  unconfirmed: optional(yes),
});
const process = object<ProxyProcess>({ uid, startedAtMs: time });
export const handoverProperties = {
  startedAtMs: time,
  sessions: list(handed, maxHandedSessions),
  ended: list(hexId, maxHandedEnds),
  successorOf: list(process),
};

const hello = object<Hello>({ have: map(string) });
export const parseHello = (body: unknown): Checked<Hello> => checked(hello, body, 'hello');

/** A proxy of the previous version sends neither `ended` nor `successorOf`. */
type SentHandover = Omit<Handover, 'ended' | 'successorOf'> & Partial<Handover>;

const sentHandover = object<SentHandover>({
  ...handoverProperties,
  ended: optional(handoverProperties.ended),
  successorOf: optional(handoverProperties.successorOf),
});

export function parseHandover(body: unknown): Checked<Handover> {
  const result = checked(sentHandover, body, 'handover');
  if ('problem' in result) return result;
  const { startedAtMs, sessions, ended = [], successorOf = [] } = result.value;
  return { value: { startedAtMs, sessions, ended, successorOf } };
}

/** A proxy of the previous version does not send `seen`: its counts are still valid. */
type SentReport = Omit<Report, 'seen'> & { seen?: string[] };

const report = object<SentReport>({
  startedAtMs: time,
  sequence: count,
  acknowledged: optional(
    object<NonNullable<Report['acknowledged']>>({
      nonce: count,
      refused: list(object<Refusal>({ id: text(1024), problem: text(4096) }), 1000),
    }),
  ),
  since: optional(count),
  gone: optional(list(uid)),
  endpoints: list(
    object<EndpointReport>({
      uid,
      sessions: count,
      expiresAtMs: time,
      unconfirmed: optional(object<NonNullable<EndpointReport['unconfirmed']>>({ sessions: count, expiresAtMs: time })),
    }),
  ),
  ended: list(hexId),
  seen: optional(list(hexId)),
  successorOf: optional(list(process)),
  keyRings: optional(map(object<KeyRingReport>({ current: count, ids: list(count) }))),
  conflicts: optional(
    list(
      object<CarrierConflict>({
        workload: text(512),
        carrierOf: text(512),
        type: oneOf('Cookie', 'Header'),
        name: text(256),
      }),
      50,
    ),
  ),
});

/** One invalid entry invalidates the report: the counts of a proxy are known or unknown, never partly known. */
export function parseReport(body: unknown): Checked<Report> {
  const result = checked(report, body, 'report');
  if ('problem' in result) return result;
  // What the operator keeps of a report has no other properties. It copies the counts of endpoints itself.
  const {
    startedAtMs,
    sequence,
    acknowledged,
    since,
    gone,
    endpoints,
    ended,
    seen = [],
    successorOf,
    keyRings,
    conflicts,
  } = result.value;
  return {
    value: {
      startedAtMs,
      sequence,
      ...(acknowledged && {
        acknowledged: {
          nonce: acknowledged.nonce,
          refused: acknowledged.refused.map(({ id, problem }) => ({ id, problem })),
        },
      }),
      ...(since !== undefined && { since }),
      ...(gone && { gone }),
      endpoints,
      ended,
      seen,
      ...(successorOf && { successorOf }),
      ...(keyRings && { keyRings }),
      ...(conflicts && {
        conflicts: conflicts.map(({ workload, carrierOf, type, name }) => ({ workload, carrierOf, type, name })),
      }),
    },
  };
}

const reportAnswer = object<ReportAnswer>({ complete: boolean });
export const parseReportAnswer = (json: string): Checked<ReportAnswer> => checkedJson(reportAnswer, json, 'answer');
