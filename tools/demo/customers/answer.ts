/** Checks answers: an answer of another pod is a lost session. */
import type { LossKind } from './session-log.ts';

export class SessionLost extends Error {
  readonly kind: LossKind;

  constructor(kind: LossKind, what: string) {
    super(what);
    this.name = 'SessionLost';
    this.kind = kind;
  }
}

/** Who the client is to the app. */
export type Identity = { pod: string; secret: string };

/** `retryAfterS`: only from a proxy. */
export type Answer = { status: number; body: string; retryAfterS?: number };

/** Returns the body of a successful answer. */
export function checkStatus(what: string, { status, body }: Answer): Record<string, unknown> {
  if (status === 401) throw new SessionLost('UnknownSession', `${what}: ${body.trim()}`);
  if (status !== 200) throw new SessionLost('Status', `${what}: ${status} ${body.slice(0, 200).trim()}`);
  return parseAnswer(body);
}

/** Returns the JSON object; the app sends nothing else. */
export function parseAnswer(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Reported below, with the text.
  }
  throw new SessionLost('BadAnswer', `not the app's answer: ${text.slice(0, 200)}`);
}

/** Returns the answer if it belongs to the session. */
export function checkIdentity(
  answer: Record<string, unknown>,
  identity: Identity | undefined,
): Record<string, unknown> {
  if (answer['pod'] !== identity?.pod) throw new SessionLost('WrongPod', `answered by ${String(answer['pod'])}`);
  if (answer['secret'] !== identity?.secret) {
    throw new SessionLost('WrongSecret', 'the answer is that of another session');
  }
  return answer;
}
