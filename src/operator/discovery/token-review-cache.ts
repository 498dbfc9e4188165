/**
 * Caches the identities of bearer tokens, so that a report each second is not a TokenReview each second. Tokens are stored as hashes only.
 * Everything is bounded: the number of entries, their lifetime, and the reviews in flight, also for each address: a pod that sends wrong
 * tokens must neither use up the reviews of others nor keep the API server busy. A known token needs no review in time.
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
/** A pod has one token; those on the network of a node share its address. */
const maxReviewsPerSource = 10;
/** Invalid tokens of an address within a minute; after that, unknown tokens from it are rejected without a review. */
const maxInvalidPerSource = 30;
const invalidWindowMs = 60_000;
const maxSources = 10_000;

/** `source`: the address of the caller. */
export interface TokenReviewCache {
  review(token: string, source: string): Promise<Identity | undefined>;
}

/** Returns a TokenReviewer that caches the results of another one. */
export function createTokenReviewCache(reviewer: TokenReviewer, clock: Clock): TokenReviewCache {
  const sources = createSources(clock);
  // Separate, so that a flood of invalid tokens cannot evict valid ones.
  const valid = new Map<string, Cached>();
  const invalid = new Map<string, Cached>();
  const running = new Map<string, Promise<Identity | undefined>>();

  async function ask(token: string, key: string, source: string): Promise<Identity | undefined> {
    sources.begin(source);
    try {
      const identity = await reviewer.review(token);
      const [cache, forMs] = identity === undefined ? [invalid, invalidForMs] : [valid, validForMs];
      if (identity === undefined) {
        // Otherwise the expired entry hides the refusal, and every call with the token of a deleted pod is a review.
        valid.delete(key);
        sources.invalid(source);
      }
      store(cache, key, { identity, untilMs: clock.nowMs() + forMs });
      return identity;
    } finally {
      sources.end(source);
      running.delete(key);
    }
  }

  function askOnce(token: string, key: string, source: string): Promise<Identity | undefined> {
    const joined = running.get(key);
    if (joined !== undefined) return joined;
    if (running.size >= maxReviewsInFlight || sources.isExhausted(source)) {
      return Promise.reject(
        new AppError(
          'KUBERNETES_UNAVAILABLE',
          'too many tokens are being reviewed, or too many from this address were invalid',
          {
            source: 'internal',
            retryable: true,
          },
        ),
      );
    }
    const review = ask(token, key, source);
    running.set(key, review);
    return review;
  }

  return {
    async review(token, source) {
      const key = createHash('sha256').update(token).digest('base64');
      const cached = valid.get(key) ?? invalid.get(key);
      if (cached !== undefined && cached.untilMs > clock.nowMs()) return cached.identity;
      const review = askOnce(token, key, source);
      const wasValid = cached?.identity !== undefined && clock.nowMs() < cached.untilMs + validUnansweredMs;
      return wasValid ? settleBy(review, cached.identity, clock) : review;
    },
  };
}

/** The reviews in flight and the invalid tokens of each address. */
function createSources(clock: Clock) {
  const inFlight = new Map<string, number>();
  const invalid = new Map<string, { count: number; sinceMs: number }>();

  const invalidOf = (source: string) => {
    const known = invalid.get(source);
    return known && clock.nowMs() - known.sinceMs < invalidWindowMs ? known : { count: 0, sinceMs: clock.nowMs() };
  };

  return {
    isExhausted: (source: string): boolean =>
      (inFlight.get(source) ?? 0) >= maxReviewsPerSource || invalidOf(source).count >= maxInvalidPerSource,
    begin(source: string): void {
      inFlight.set(source, (inFlight.get(source) ?? 0) + 1);
    },
    end(source: string): void {
      const left = (inFlight.get(source) ?? 1) - 1;
      if (left === 0) inFlight.delete(source);
      else inFlight.set(source, left);
    },
    invalid(source: string): void {
      const { count, sinceMs } = invalidOf(source);
      store(invalid, source, { count: count + 1, sinceMs }, maxSources);
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
function store<T>(cache: Map<string, T>, key: string, value: T, limit = maxEntries): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.keys().next();
  if (cache.size > limit && oldest.done === false) cache.delete(oldest.value);
}
