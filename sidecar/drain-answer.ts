/** Reads the operator's answer. What is not understood throws or is unknown: it must never pass for zero. */
import type { DrainAnswer, SessionSource } from '../src/wire/messages.ts';
import { isRecord } from '../src/platform/record.ts';

export function parseDrainAnswer(text: string): DrainAnswer {
  const value: unknown = JSON.parse(text);
  if (isRecord(value) && value['terminating'] === false) return { terminating: false };
  if (!isRecord(value) || value['terminating'] !== true) {
    throw new Error('the answer does not say whether the pod terminates');
  }
  const { killAtMs, sources, disruption } = value;
  if (typeof killAtMs !== 'number' || !Number.isFinite(killAtMs)) {
    throw new Error('the answer does not say when the grace ends');
  }
  if (!Array.isArray(sources)) throw new Error('the answer names no session sources');
  return {
    terminating: true,
    killAtMs,
    ...(isReason(disruption) && { disruption }),
    sources: sources.map(parseSource),
  };
}

/** The others are counted here, in the pod: of the operator only what the proxies say is taken. */
function parseSource(source: unknown): SessionSource {
  if (!isRecord(source) || source['type'] !== 'Proxy') {
    return { type: 'Proxy', known: false, reason: 'a session source of a kind that this sidecar does not know' };
  }
  const { known, sessions, reason } = source;
  if (known === true && typeof sessions === 'number' && Number.isInteger(sessions) && sessions >= 0) {
    return { type: 'Proxy', known: true, sessions };
  }
  return { type: 'Proxy', known: false, reason: typeof reason === 'string' ? reason : 'no number of sessions' };
}

/** It goes into a message: a word as Kubernetes' reasons are. */
const isReason = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_,:]{0,99}$/.test(value);
