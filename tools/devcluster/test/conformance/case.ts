/** A conformance case, and the most frequent steps and assertions. */
import { expect } from '@jest/globals';
import type { Body } from './body.ts';
import type { Answer, ConformanceApi } from './api.ts';
import type { Watch } from './watch.ts';

export type Topics = Readonly<Record<string, readonly Case[]>>;

export type Case = {
  title: string;
  run(api: ConformanceApi): Promise<void>;
  /** The reason why it cannot run on this machine. */
  skipReason?: string | undefined;
  /** It mostly waits: such cases of a topic run concurrently. */
  waits?: true;
};

/** Returns the body of a response that must be a success. */
export async function done(answer: Promise<Answer>): Promise<Body> {
  const { status, text, body } = await answer;
  if (status < 200 || status > 299) throw new Error(`refused with ${status}: ${text}`);
  return body;
}

export type Refusal = { code: number; reason?: string; message?: RegExp; field?: string; cause?: string };

/** Asserts an error: the HTTP status and the `metav1.Status`. */
export async function expectRefused(
  answer: Promise<Answer>,
  { code, reason, message, field, cause }: Refusal,
): Promise<void> {
  const { status, text, body } = await answer;
  expect({ status, body }).toMatchObject({
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code },
  });
  if (reason !== undefined) expect(body.reason).toBe(reason);
  if (message) expect(body.message).toMatch(message);
  if (field !== undefined) expect(text).toContain(`"field":${JSON.stringify(field)}`);
  if (cause !== undefined) expect(text).toContain(`"reason":${JSON.stringify(cause)}`);
}

/** A watch that is closed after the case, also if it fails. */
export async function watching<T>(opening: Promise<Watch>, use: (watch: Watch) => Promise<T>): Promise<T> {
  const watch = await opening;
  try {
    return await use(watch);
  } finally {
    watch.close();
  }
}

const patienceMs = 60_000;
const pauseMs = 25;

/** Repeats the request until the response fits: for effects that follow the response. */
export async function eventually(ask: () => Promise<Answer>, fits: (answer: Answer) => boolean): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > deadline) {
      throw new Error(`not in ${patienceMs} ms; the last answer was ${answer.status}: ${answer.text.slice(0, 2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
