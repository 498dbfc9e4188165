import { describe, expect, test } from '@jest/globals';
import { describeError } from '../../../src/platform/errors.ts';
import { networkError, parseStatus, statusError } from '../../../src/kube/live/errors.ts';

describe('the AppError for a response of the API server', () => {
  test.each([
    { status: 400, code: 'KUBERNETES_INVALID', retryable: false },
    { status: 401, code: 'KUBERNETES_FORBIDDEN', retryable: true },
    { status: 403, code: 'KUBERNETES_FORBIDDEN', retryable: false },
    { status: 404, code: 'KUBERNETES_NOT_FOUND', retryable: false },
    { status: 405, code: 'KUBERNETES_INVALID', retryable: false },
    { status: 409, code: 'KUBERNETES_CONFLICT', retryable: true },
    { status: 410, code: 'KUBERNETES_EXPIRED', retryable: true },
    { status: 413, code: 'KUBERNETES_INVALID', retryable: false },
    { status: 415, code: 'KUBERNETES_INVALID', retryable: false },
    { status: 422, code: 'KUBERNETES_INVALID', retryable: false },
    { status: 429, code: 'KUBERNETES_UNAVAILABLE', retryable: true },
    { status: 500, code: 'KUBERNETES_UNAVAILABLE', retryable: true },
    { status: 503, code: 'KUBERNETES_UNAVAILABLE', retryable: true },
    { status: 504, code: 'KUBERNETES_UNAVAILABLE', retryable: true },
    { status: 302, code: 'KUBERNETES_UNAVAILABLE', retryable: true },
  ])('$status is $code, worth another try: $retryable', ({ status, code, retryable }) => {
    expect(statusError('GET /x', status, {})).toMatchObject({ code, retryable, source: 'kubernetes' });
  });

  test.each(['patch', 'live'])(
    'is KUBERNETES_INVALID for an apply with a %s object with a field of the wrong type, although the status is 500',
    (which) => {
      const message = `failed to create typed ${which} object (a/b; c, Kind=D): .spec.size: expected numeric`;
      expect(statusError('PATCH /x', 500, { message })).toMatchObject({ code: 'KUBERNETES_INVALID', retryable: false });
    },
  );

  test('contains the request and the bounded reason of the rejection', () => {
    expect(statusError('GET /x', 404, { reason: 'NotFound', message: 'x not found' }).message).toBe(
      'GET /x: 404 NotFound: x not found',
    );
    expect(statusError('GET /x', 422, { message: 'x'.repeat(100_000) }).message.length).toBeLessThan(600);
  });

  test.each([
    {
      body: '{"kind":"Status","code":404,"reason":"NotFound","message":"m","details":{}}',
      status: { code: 404, reason: 'NotFound', message: 'm' },
    },
    { body: '<html>Bad Gateway</html>', status: { message: '<html>Bad Gateway</html>' } },
    { body: '', status: { message: '' } },
    { body: 'null', status: {} },
    { body: '{"message":{"not":"text"}}', status: {} },
  ])('a body of $body is read as far as it is a Status', ({ body, status }) => {
    expect(parseStatus(body)).toEqual(status);
  });

  test('keeps the cause if there is no response', () => {
    const error = networkError('GET /x', new Error('connect ECONNREFUSED'));
    expect(error).toMatchObject({ code: 'KUBERNETES_UNAVAILABLE', retryable: true });
    expect(describeError(error)).toBe('GET /x: no response: connect ECONNREFUSED');
  });
});
