import { describe, expect, test } from '@jest/globals';
import { createTokenReviewCache as createCache } from '../../../../src/operator/discovery/token-review-cache.ts';
import type { Identity, TokenReviewer } from '../../../../src/kube/ports.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const identity: Identity = { username: 'system:serviceaccount:shop:cart' };

/** As seen from one pod. */
function createTokenReviewCache(...args: Parameters<typeof createCache>) {
  const cache = createCache(...args);
  return { review: (token: string, source = '10.1.0.9') => cache.review(token, source) };
}

/** Counts reviews; `good…` tokens are valid. */
function createReviewer() {
  const reviewed: string[] = [];
  const reviewer: TokenReviewer = {
    review: async (token) => {
      reviewed.push(token);
      return token.startsWith('good') ? identity : undefined;
    },
  };
  return { reviewed, reviewer };
}

describe('the token review cache', () => {
  test('reviews a valid token once a minute', async () => {
    const { reviewed, reviewer } = createReviewer();
    const clock = createManualClock();
    const cache = createTokenReviewCache(reviewer, clock);
    expect([await cache.review('good'), await cache.review('good')]).toEqual([identity, identity]);
    await clock.advance(59_999);
    await cache.review('good');
    expect(reviewed).toHaveLength(1);
    await clock.advance(1);
    await cache.review('good');
    expect(reviewed).toHaveLength(2);
  });

  test('reviews an invalid token again after two seconds', async () => {
    const { reviewed, reviewer } = createReviewer();
    const clock = createManualClock();
    const cache = createTokenReviewCache(reviewer, clock);
    await cache.review('bad');
    expect(await cache.review('bad')).toBeUndefined();
    await clock.advance(2000);
    await cache.review('bad');
    expect(reviewed).toHaveLength(2);
  });

  test('reviews a token that was valid and is revoked once in two seconds, so that its address is not exhausted', async () => {
    const clock = createManualClock();
    const reviewed: (Identity | undefined)[] = [];
    let answer: Identity | undefined = identity;
    const reviewer = {
      review: async () => {
        reviewed.push(answer);
        return answer;
      },
    };
    const cache = createTokenReviewCache(reviewer, clock);
    await cache.review('revoked');
    await clock.advance(60_000);
    answer = undefined;
    for (let call = 0; call < 40; call += 1) expect(await cache.review('revoked')).toBeUndefined();
    expect(reviewed).toHaveLength(2);
    await clock.advance(2000);
    expect(await cache.review('revoked')).toBeUndefined();
    expect(reviewed).toHaveLength(3);
  });

  test('shares one review between concurrent requests with the same token', async () => {
    const { reviewed, reviewer } = createReviewer();
    const cache = createTokenReviewCache(reviewer, createManualClock());
    await Promise.all([cache.review('good'), cache.review('good'), cache.review('good')]);
    expect(reviewed).toHaveLength(1);
  });

  test('does not cache a failure', async () => {
    let reviews = 0;
    const cache = createTokenReviewCache(
      {
        review: async () => {
          reviews += 1;
          if (reviews === 1) throw new Error('API server unavailable');
          return identity;
        },
      },
      createManualClock(),
    );
    await expect(cache.review('good')).rejects.toThrow('API server unavailable');
    expect(await cache.review('good')).toEqual(identity);
  });

  test('keeps valid tokens during a flood of invalid ones', async () => {
    const { reviewed, reviewer } = createReviewer();
    const cache = createTokenReviewCache(reviewer, createManualClock());
    await cache.review('good');
    for (let index = 0; index < 12_000; index += 1) await cache.review(`bad-${index}`, `10.2.0.${index}`);
    reviewed.length = 0;
    await cache.review('good');
    await cache.review('bad-11999', 'another');
    expect(reviewed).toEqual([]);
    // The oldest invalid ones were evicted: the cache is bounded.
    await cache.review('bad-0', 'another');
    expect(reviewed).toEqual(['bad-0']);
  });

  test('rejects a hundred-and-first concurrent review', async () => {
    const cache = createTokenReviewCache({ review: () => new Promise(() => undefined) }, createManualClock());
    for (let index = 0; index < 100; index += 1) void cache.review(`waiting-${index}`, `10.2.0.${index}`);
    await expect(cache.review('one more')).rejects.toMatchObject({ code: 'KUBERNETES_UNAVAILABLE', retryable: true });
  });

  test('accepts a valid token for ten more minutes while the API server is unavailable, but not one that is no longer valid', async () => {
    const clock = createManualClock();
    let answer = async (): Promise<Identity | undefined> => identity;
    const cache = createTokenReviewCache({ review: () => answer() }, clock);
    await cache.review('good');
    answer = () => Promise.reject(new Error('API server unavailable'));
    await clock.advance(60_000 + 10 * 60_000 - 1);
    expect(await cache.review('good')).toEqual(identity);
    await clock.advance(1);
    await expect(cache.review('good')).rejects.toThrow('API server unavailable');
    answer = async () => identity;
    await cache.review('good');
    await clock.advance(60_000);
    answer = async () => undefined;
    expect(await cache.review('good')).toBeUndefined();
  });

  test('accepts a token that was valid if the API server does not respond within a second', async () => {
    const clock = createManualClock();
    let answer = async (): Promise<Identity | undefined> => identity;
    const cache = createTokenReviewCache({ review: () => answer() }, clock);
    await cache.review('good');
    answer = () => new Promise(() => undefined);
    await clock.advance(60_000);
    const result = cache.review('good');
    await clock.advance(1000);
    expect(await result).toEqual(identity);
  });

  test('rejects unknown tokens of an address with many invalid ones, for a minute; known ones and other addresses go on', async () => {
    const { reviewed, reviewer } = createReviewer();
    const clock = createManualClock();
    const cache = createTokenReviewCache(reviewer, clock);
    await cache.review('good-known', 'evil');
    for (let index = 0; index < 30; index += 1) await cache.review(`bad-${index}`, 'evil');
    await expect(cache.review('bad-30', 'evil')).rejects.toThrow('too many from this address were invalid');
    await expect(cache.review('good-new', 'evil')).rejects.toThrow('too many from this address were invalid');
    expect(await cache.review('good-known', 'evil')).toBe(identity);
    expect(await cache.review('good-new', 'honest')).toBe(identity);
    expect(reviewed).toHaveLength(32);
    await clock.advance(60_000);
    expect(await cache.review('good-later', 'evil')).toBe(identity);
  });

  test('keeps reviews free for other addresses while one has ten in flight', async () => {
    const cache = createTokenReviewCache({ review: () => new Promise(() => undefined) }, createManualClock());
    for (let index = 0; index < 10; index += 1) void cache.review(`slow-${index}`, 'evil');
    await expect(cache.review('one-more', 'evil')).rejects.toThrow('too many tokens are being reviewed');
    void cache.review('other', 'honest').catch(() => expect(true).toBe(false));
  });
});
