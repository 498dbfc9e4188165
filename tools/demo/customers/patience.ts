/** A client that repeats a request as its 503 response asks, after Retry-After: its session is kept meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './answer.ts';

/** `onWait`: called for each response that is repeated. */
export type Patience = { limitMs: number; onWait: (what: string) => void };

/** Without `patience`, and after its limit, returns the first such response. Only the proxy sends Retry-After: the app has not seen the request. */
export async function patiently(
  attempt: () => Promise<Answer>,
  patience: Patience | undefined,
  nowMs: () => number = Date.now,
): Promise<Answer> {
  const endMs = nowMs() + (patience?.limitMs ?? 0);
  for (;;) {
    const answer = await attempt();
    if (patience === undefined || answer.status !== 503 || answer.retryAfterS === undefined || nowMs() > endMs) {
      return answer;
    }
    patience.onWait(answer.body);
    await delay(answer.retryAfterS * 1000);
  }
}
