/** Checks what proxies and sidecars send: after it, the types are true. Bounded, because it is kept and shown. */
import {
  maxHandedSessions,
  type DrainSummary,
  type EndpointReport,
  type HandedSession,
  type Handover,
  type ProxyProcess,
  type Report,
} from '../../wire/messages.ts';
import { isRecord } from '../../platform/record.ts';
import { RequestError } from '../https/server.ts';

const maxMessageLength = 1024;

export function parseReport(body: unknown): Report {
  // A proxy that is older than this operator, in the middle of an upgrade, does not say which sessions it saw: its counts count all the same.
  const { startedAtMs, sequence, endpoints, ended, seen = [] } = isRecord(body) ? body : {};
  if (!isTime(startedAtMs)) throw new RequestError(400, 'startedAtMs must be a time in milliseconds');
  if (!isCount(sequence)) throw new RequestError(400, 'sequence must be a whole number of at least 0');
  if (!Array.isArray(endpoints)) throw new RequestError(400, 'endpoints must be a list');
  const parsed = endpoints.map(parseEndpoint);
  if (!isSessionIds(ended)) throw new RequestError(400, 'ended must be a list of session ids of 16 hex digits');
  if (!isSessionIds(seen)) throw new RequestError(400, 'seen must be a list of session ids of 16 hex digits');
  return { startedAtMs, sequence, endpoints: parsed, ended, seen, ...parseInherited(body), ...parseKeyRings(body) };
}

function parseInherited(body: unknown): Pick<Report, 'inherited'> {
  const { inherited } = isRecord(body) ? body : {};
  if (inherited === undefined) return {};
  if (!Array.isArray(inherited) || !inherited.every(isProcess)) {
    throw new RequestError(400, 'inherited must be a list of {uid: string, startedAtMs: number}');
  }
  return { inherited };
}

const isProcess = (value: unknown): value is ProxyProcess =>
  isRecord(value) && isText(value['uid'], 253) && isTime(value['startedAtMs']);

export function parseHandover(body: unknown): Handover {
  const { startedAtMs, sessions } = isRecord(body) ? body : {};
  if (!isTime(startedAtMs)) throw new RequestError(400, 'startedAtMs must be a time in milliseconds');
  if (!Array.isArray(sessions) || sessions.length > maxHandedSessions || !sessions.every(isHandedSession)) {
    throw new RequestError(
      400,
      `sessions must be a list of at most ${maxHandedSessions} {id, endpoint, lastSeenS, issuedAtS}`,
    );
  }
  return { startedAtMs, sessions };
}

const isHandedSession = (value: unknown): value is HandedSession =>
  isRecord(value) &&
  isSessionId(value['id']) &&
  isSessionId(value['endpoint']) &&
  isCount(value['lastSeenS']) &&
  isCount(value['issuedAtS']);

/** An older proxy does not say which keys it has: it confirms none, and a rotation waits until it is replaced. */
function parseKeyRings(body: unknown): Pick<Report, 'keyRings'> {
  const { keyRings } = isRecord(body) ? body : {};
  if (keyRings === undefined) return {};
  if (!isKeyRings(keyRings)) {
    throw new RequestError(400, 'keyRings must be an object of {current: number, ids: number[]} by backend');
  }
  return { keyRings };
}

const isKeyRings = (value: unknown): value is NonNullable<Report['keyRings']> =>
  isRecord(value) &&
  Object.values(value).every(
    (ring) => isRecord(ring) && isCount(ring['current']) && Array.isArray(ring['ids']) && ring['ids'].every(isCount),
  );

const isSessionId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
const isSessionIds = (value: unknown): value is string[] => Array.isArray(value) && value.every(isSessionId);

const isState = (value: unknown): value is EndpointReport['state'] =>
  value === 'Pending' || value === 'Accepting' || value === 'Draining';

function parseEndpoint(item: unknown, index: number): EndpointReport {
  const { uid, state, sessions, expiresAtMs } = isRecord(item) ? item : {};
  // One wrong entry spoils the report: a proxy whose numbers cannot be read is unknown, not partly known.
  if (!isText(uid, 253)) throw new RequestError(400, `endpoints[${index}].uid must be a pod UID`);
  if (!isState(state)) throw new RequestError(400, `endpoints[${index}].state must be Pending, Accepting or Draining`);
  if (!isCount(sessions)) {
    throw new RequestError(400, `endpoints[${index}].sessions must be a whole number of at least 0`);
  }
  if (!isTime(expiresAtMs)) {
    throw new RequestError(400, `endpoints[${index}].expiresAtMs must be a time in milliseconds`);
  }
  return { uid, state, sessions, expiresAtMs };
}

const endReasons = [
  'DrainComplete',
  'DrainDeadline',
  'DrainCutShort',
] as const satisfies readonly DrainSummary['reason'][];
const isEndReason = (value: unknown): value is DrainSummary['reason'] => endReasons.some((reason) => reason === value);

export function parseSummary(body: unknown): DrainSummary {
  const { reason, sessionsAtStart, sessionsCut, tookMs, message } = isRecord(body) ? body : {};
  if (!isEndReason(reason)) throw new RequestError(400, `reason must be one of ${endReasons.join(', ')}`);
  if (!isTime(tookMs)) throw new RequestError(400, 'tookMs must be a number of milliseconds');
  if (typeof message !== 'string') throw new RequestError(400, 'message must be a text');
  return {
    reason,
    ...(isCount(sessionsAtStart) && { sessionsAtStart }),
    ...(isCount(sessionsCut) && { sessionsCut }),
    tookMs,
    message: message.slice(0, maxMessageLength),
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isText = (value: unknown, maxLength: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= maxLength;
