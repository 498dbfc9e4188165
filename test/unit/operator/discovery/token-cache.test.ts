import { describe, expect, test } from '@jest/globals';
import { createTokenCache } from '../../../../src/operator/discovery/token-cache.ts';
import type { Identity, TokenReviewer } from '../../../../src/kube/ports.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const identity: Identity = { username: 'system:serviceaccount:shop:cart' };

/** Counts reviews; `good…` tokens are valid. */
function createReviewer() {
  const asked: string[] = [];
  const reviewer: TokenReviewer = {
    review: async (token) => {
      asked.push(token);
      return token.startsWith('good') ? identity : undefined;
    },
  };
  return { asked, reviewer };
}

describe('the token cache', () => {
  test('asks once a minute for a valid token', async () => {
    const { asked, reviewer } = createReviewer();
    const clock = createManualClock();
    const cache = createTokenCache(reviewer, clock);
    expect([await cache.review('good'), await cache.review('good')]).toEqual([identity, identity]);
    await clock.advance(59_999);
    await cache.review('good');
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await cache.review('good');
    expect(asked).toHaveLength(2);
  });

  test('asks again after two seconds for one that was not valid', async () => {
    const { asked, reviewer } = createReviewer();
    const clock = createManualClock();
    const cache = createTokenCache(reviewer, clock);
    await cache.review('bad');
    expect(await cache.review('bad')).toBeUndefined();
    await clock.advance(2000);
    await cache.review('bad');
    expect(asked).toHaveLength(2);
  });

  test('joins those who ask for the same token at the same time', async () => {
    const { asked, reviewer } = createReviewer();
    const cache = createTokenCache(reviewer, createManualClock());
    await Promise.all([cache.review('good'), cache.review('good'), cache.review('good')]);
    expect(asked).toHaveLength(1);
  });

  test('remembers no failure: the next one asks again', async () => {
    let reviews = 0;
    const cache = createTokenCache(
      {
        review: async () => {
          reviews += 1;
          if (reviews === 1) throw new Error('API server away');
          return identity;
        },
      },
      createManualClock(),
    );
    await expect(cache.review('good')).rejects.toThrow('API server away');
    expect(await cache.review('good')).toEqual(identity);
  });

  test('a flood of wrong tokens does not push out the right ones', async () => {
    const { asked, reviewer } = createReviewer();
    const cache = createTokenCache(reviewer, createManualClock());
    await cache.review('good');
    for (let index = 0; index < 12_000; index += 1) await cache.review(`bad-${index}`);
    asked.length = 0;
    await cache.review('good');
    await cache.review('bad-11999');
    expect(asked).toEqual([]);
    // The oldest wrong ones were forgotten: memory is bounded.
    await cache.review('bad-0');
    expect(asked).toEqual(['bad-0']);
  });

  test('refuses a hundred-and-first review at one time', async () => {
    const cache = createTokenCache({ review: () => new Promise(() => undefined) }, createManualClock());
    for (let index = 0; index < 100; index += 1) void cache.review(`waiting-${index}`);
    await expect(cache.review('one more')).rejects.toMatchObject({ code: 'KUBERNETES_UNAVAILABLE', retryable: true });
  });

  test('takes a token that was valid for ten minutes more while the API server is away, and not one that it refuses', async () => {
    const clock = createManualClock();
    let answer = async (): Promise<Identity | undefined> => identity;
    const cache = createTokenCache({ review: () => answer() }, clock);
    await cache.review('good');
    answer = () => Promise.reject(new Error('API server away'));
    await clock.advance(60_000 + 10 * 60_000 - 1);
    expect(await cache.review('good')).toEqual(identity);
    await clock.advance(1);
    await expect(cache.review('good')).rejects.toThrow('API server away');
    answer = async () => identity;
    await cache.review('good');
    await clock.advance(60_000);
    answer = async () => undefined;
    expect(await cache.review('good')).toBeUndefined();
  });

  test('takes a token that was valid when the API server does not answer within a second', async () => {
    const clock = createManualClock();
    let answer = async (): Promise<Identity | undefined> => identity;
    const cache = createTokenCache({ review: () => answer() }, clock);
    await cache.review('good');
    answer = () => new Promise(() => undefined);
    await clock.advance(60_000);
    const taken = cache.review('good');
    await clock.advance(1000);
    expect(await taken).toEqual(identity);
  });
});
