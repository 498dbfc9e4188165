/**
 * Remembers whose a bearer token is, so that a report each second is not a TokenReview each second.
 * Tokens are kept as hashes only. Bounded on every side: how many, for how long, and how many reviews run at one time.
 */
import { createHash } from 'node:crypto';
import type { Identity, TokenReviewer } from '../../kube/ports.ts';
import type { Clock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';

type Cached = { identity: Identity | undefined; untilMs: number };

/** How long a token that was revoked, or whose pod was deleted, is still taken. */
const validForMs = 60_000;
/**
 * How long beyond that a token is taken which the API server cannot say anything about. Counts that nobody takes hold up every drain,
 * and while it is away nobody can revoke a token either.
 */
const validUnansweredMs = 10 * 60_000;
/** A caller does not wait longer for a second opinion on a token that was valid. */
const patienceMs = 1000;
/** Short: the API server may not know a brand-new ServiceAccount yet. */
const invalidForMs = 2000;
const maxRemembered = 10_000;
const maxReviewsAtOnce = 100;

/** A TokenReviewer that asks another one. */
export function createTokenCache(reviewer: TokenReviewer, clock: Clock): TokenReviewer {
  // Apart, so that a flood of wrong tokens cannot push out right ones.
  const valid = new Map<string, Cached>();
  const invalid = new Map<string, Cached>();
  const running = new Map<string, Promise<Identity | undefined>>();

  async function ask(token: string, key: string): Promise<Identity | undefined> {
    try {
      const identity = await reviewer.review(token);
      const [cache, forMs] = identity === undefined ? [invalid, invalidForMs] : [valid, validForMs];
      remember(cache, key, { identity, untilMs: clock.nowMs() + forMs });
      return identity;
    } finally {
      running.delete(key);
    }
  }

  function askOnce(token: string, key: string): Promise<Identity | undefined> {
    const joined = running.get(key);
    if (joined !== undefined) return joined;
    if (running.size >= maxReviewsAtOnce) {
      return Promise.reject(
        new AppError('KUBERNETES_UNAVAILABLE', 'too many tokens are being checked at this moment', {
          source: 'internal',
          retryable: true,
        }),
      );
    }
    const review = ask(token, key);
    running.set(key, review);
    return review;
  }

  return {
    async review(token) {
      const key = createHash('sha256').update(token).digest('base64');
      const cached = valid.get(key) ?? invalid.get(key);
      if (cached !== undefined && cached.untilMs > clock.nowMs()) return cached.identity;
      const review = askOnce(token, key);
      const wasValid = cached?.identity !== undefined && clock.nowMs() < cached.untilMs + validUnansweredMs;
      return wasValid ? settleBy(review, cached.identity, clock) : review;
    },
  };
}

/** What was known, where the review fails or takes long. */
function settleBy(
  review: Promise<Identity | undefined>,
  known: Identity | undefined,
  clock: Clock,
): Promise<Identity | undefined> {
  return new Promise((resolve) => {
    const cancel = clock.after(patienceMs, () => {
      resolve(known);
    });
    void review
      .catch(() => known)
      .then(resolve)
      .finally(cancel);
  });
}

/** Newest last: the first of the Map is the oldest. */
function remember(cache: Map<string, Cached>, key: string, value: Cached): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.keys().next();
  if (cache.size > maxRemembered && oldest.done === false) cache.delete(oldest.value);
}
