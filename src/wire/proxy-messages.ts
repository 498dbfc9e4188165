/** Checks of the lines of the operator's table stream, and of a proxy's reports and handovers. */
import {
  checked,
  checkedJson,
  count,
  hexId,
  list,
  map,
  object,
  oneOf,
  optional,
  pattern,
  string,
  text,
  time,
  yes,
  type Check,
  type Checked,
} from './check.ts';
import { maxHandedEnds, maxHandedSessions } from './messages.ts';
import type {
  CarrierConflict,
  EndpointReport,
  HandedSession,
  Handover,
  KeyRingReport,
  ProxyProcess,
  Report,
  TableMessage,
} from './messages.ts';
import { routingTable } from './parse-table.ts';
import { completeSettings } from './proxy-settings.ts';
import { isRecord } from '../platform/record.ts';

type Message<Type extends TableMessage['type']> = Extract<TableMessage, { type: Type }>;

const uid = text(253);
const stamp = { replica: string, revision: pattern(/^[0-9]{1,30}$/, 'decimal digits'), asOfMs: time };
const sessionIds = { replica: string, sessions: list(hexId) };
const handed = object<HandedSession>({
  id: hexId,
  endpoint: hexId,
  lastSeenS: count,
  issuedAtS: count,
  unconfirmed: optional(yes),
});
const process = object<ProxyProcess>({ uid, startedAtMs: time });
const handover = {
  startedAtMs: time,
  sessions: list(handed, maxHandedSessions),
  ended: list(hexId, maxHandedEnds),
  successorOf: list(process),
};

const messages: { [Type in TableMessage['type']]: Check<Message<Type>> } = {
  table: object<Message<'table'>>({ type: oneOf('table'), ...stamp, table: routingTable }),
  heartbeat: object<Message<'heartbeat'>>({ type: oneOf('heartbeat'), ...stamp }),
  ended: object<Message<'ended'>>({ type: oneOf('ended'), ...sessionIds }),
  seen: object<Message<'seen'>>({ type: oneOf('seen'), ...sessionIds }),
  handover: object<Message<'handover'>>({
    type: oneOf('handover'),
    replica: string,
    handover: object<Message<'handover'>['handover']>({ from: string, ...handover }),
  }),
};
const messageType = oneOf(...Object.keys(messages));
const isType = (value: unknown): value is TableMessage['type'] => messageType(value, '') === undefined;

const tableMessage: Check<TableMessage> = (value, path) => {
  const type = isRecord(value) ? value['type'] : undefined;
  return isType(type) ? messages[type](value, path) : messageType(type, `${path}.type`);
};

/** The operator may not know the settings of the proxy: see `RoutingTable.proxy`. */
export const parseTableMessage = (line: string): Checked<TableMessage> =>
  checkedJson(tableMessage, line, 'message', (message) =>
    isRecord(message) && 'table' in message ? { ...message, table: completeSettings(message['table']) } : message,
  );

/** A proxy of the previous version sends neither `ended` nor `successorOf`. */
type SentHandover = Omit<Handover, 'ended' | 'successorOf'> & Partial<Handover>;

const sentHandover = object<SentHandover>({
  ...handover,
  ended: optional(handover.ended),
  successorOf: optional(handover.successorOf),
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
  endpoints: list(
    object<EndpointReport>({
      uid,
      state: oneOf('Pending', 'Accepting', 'Draining'),
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
  // The operator stores reports: unknown properties are dropped.
  const { startedAtMs, sequence, endpoints, ended, seen = [], successorOf, keyRings, conflicts } = result.value;
  return {
    value: {
      startedAtMs,
      sequence,
      endpoints: endpoints.map(({ uid, state, sessions, expiresAtMs, unconfirmed }) => ({
        uid,
        state,
        sessions,
        expiresAtMs,
        ...(unconfirmed && {
          unconfirmed: { sessions: unconfirmed.sessions, expiresAtMs: unconfirmed.expiresAtMs },
        }),
      })),
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
