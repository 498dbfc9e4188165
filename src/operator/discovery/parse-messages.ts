/** Checks what proxies and sidecars send: after it, the types are true. Bounded, because it is kept and shown. */
import type { DrainSummary, EndpointReport, Report } from '../../core/table/messages.ts';
import { isRecord, RequestError } from '../https/server.ts';

const maxMessageLength = 1024;

export function parseReport(body: unknown): Report {
  const { startedAtMs, sequence, endpoints, ended } = isRecord(body) ? body : {};
  if (!isTime(startedAtMs)) throw new RequestError(400, 'startedAtMs must be a time in milliseconds');
  if (!isCount(sequence)) throw new RequestError(400, 'sequence must be a whole number of at least 0');
  if (!Array.isArray(endpoints)) throw new RequestError(400, 'endpoints must be a list');
  const parsed = endpoints.map(parseEndpoint);
  if (!Array.isArray(ended) || !ended.every(isSessionId)) throw new RequestError(400, 'ended must be a list of session ids of 16 hex digits');
  return { startedAtMs, sequence, endpoints: parsed, ended };
}

const isSessionId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);

const isState = (value: unknown): value is EndpointReport['state'] => value === 'Pending' || value === 'Accepting' || value === 'Draining';

function parseEndpoint(item: unknown, index: number): EndpointReport {
  const { uid, state, sessions, expiresAtMs } = isRecord(item) ? item : {};
  // One wrong entry spoils the report: a proxy whose numbers cannot be read is unknown, not partly known.
  if (!isText(uid, 253)) throw new RequestError(400, `endpoints[${index}].uid must be a pod UID`);
  if (!isState(state)) throw new RequestError(400, `endpoints[${index}].state must be Pending, Accepting or Draining`);
  if (!isCount(sessions)) throw new RequestError(400, `endpoints[${index}].sessions must be a whole number of at least 0`);
  if (!isTime(expiresAtMs)) throw new RequestError(400, `endpoints[${index}].expiresAtMs must be a time in milliseconds`);
  return { uid, state, sessions, expiresAtMs };
}

const endReasons = ['DrainComplete', 'DrainDeadline', 'DrainCutShort'] as const satisfies readonly DrainSummary['reason'][];
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
const isText = (value: unknown, maxLength: number): value is string => typeof value === 'string' && value !== '' && value.length <= maxLength;
