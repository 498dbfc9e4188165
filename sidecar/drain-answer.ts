/** Reads the operator's answer. What is not understood throws or is unknown: it must never pass for zero. */
import type { DrainAnswer, SessionSource } from '../src/core/table/messages.ts';

export function parseDrainAnswer(text: string): DrainAnswer {
  const value: unknown = JSON.parse(text);
  if (isRecord(value) && value['terminating'] === false) return { terminating: false };
  if (!isRecord(value) || value['terminating'] !== true) throw new Error('the answer does not say whether the pod terminates');
  const { killAtMs, sources } = value;
  if (typeof killAtMs !== 'number' || !Number.isFinite(killAtMs)) throw new Error('the answer does not say when the grace ends');
  if (!Array.isArray(sources)) throw new Error('the answer names no session sources');
  return { terminating: true, killAtMs, sources: sources.map(parseSource) };
}

function parseSource(source: unknown): SessionSource {
  if (!isRecord(source) || source['type'] !== 'Proxy') return { type: 'Proxy', known: false, why: 'a session source of a kind that this sidecar does not know' };
  const { known, sessions, why } = source;
  if (known === true && typeof sessions === 'number' && Number.isInteger(sessions) && sessions >= 0) return { type: 'Proxy', known: true, sessions };
  return { type: 'Proxy', known: false, why: typeof why === 'string' ? why : 'no number of sessions' };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
