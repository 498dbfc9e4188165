/**
 * Caches the identities of bearer tokens, so that a report each second is not a TokenReview each second. Tokens are stored as hashes only.
 * Everything is bounded: the number of entries, their lifetime, and the reviews in flight.
 */
import { createHash } from 'node:crypto';
import type { Identity, TokenReviewer } from '../../kube/ports.ts';
import type { Clock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';

type Cached = { identity: Identity | undefined; untilMs: number };

/** How long a token is still accepted after it was revoked or its pod was deleted. */
const validForMs = 60_000;
/**
 * How long beyond that a token is accepted while the API server is unavailable. Rejected counts would hold up every drain, and while the
 * API server is unavailable no token can be revoked either.
 */
const validUnansweredMs = 10 * 60_000;
/** The longest wait for the repeated review of a token that was valid. */
const maxWaitMs = 1000;
/** Short: the API server may not have a new ServiceAccount in its cache yet. */
const invalidForMs = 2000;
const maxEntries = 10_000;
const maxReviewsInFlight = 100;

/** Returns a TokenReviewer that caches the results of another one. */
export function createTokenReviewCache(reviewer: TokenReviewer, clock: Clock): TokenReviewer {
  // Separate, so that a flood of invalid tokens cannot evict valid ones.
  const valid = new Map<string, Cached>();
  const invalid = new Map<string, Cached>();
  const running = new Map<string, Promise<Identity | undefined>>();

  async function ask(token: string, key: string): Promise<Identity | undefined> {
    try {
      const identity = await reviewer.review(token);
      const [cache, forMs] = identity === undefined ? [invalid, invalidForMs] : [valid, validForMs];
      store(cache, key, { identity, untilMs: clock.nowMs() + forMs });
      return identity;
    } finally {
      running.delete(key);
    }
  }

  function askOnce(token: string, key: string): Promise<Identity | undefined> {
    const joined = running.get(key);
    if (joined !== undefined) return joined;
    if (running.size >= maxReviewsInFlight) {
      return Promise.reject(
        new AppError('KUBERNETES_UNAVAILABLE', 'too many token reviews are in progress', {
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

/** Resolves with the cached identity if the review fails or takes too long. */
function settleBy(
  review: Promise<Identity | undefined>,
  known: Identity | undefined,
  clock: Clock,
): Promise<Identity | undefined> {
  return new Promise((resolve) => {
    const cancel = clock.after(maxWaitMs, () => {
      resolve(known);
    });
    void review
      .catch(() => known)
      .then(resolve)
      .finally(cancel);
  });
}

/** Newest last: the first entry of the Map is the oldest. */
function store(cache: Map<string, Cached>, key: string, value: Cached): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.keys().next();
  if (cache.size > maxEntries && oldest.done === false) cache.delete(oldest.value);
}
