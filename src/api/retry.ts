/** Retries of a route: as `retry` of a rule of an HTTPRoute, with the same defaults. */
import { duration } from './grammar.ts';
import type { Infer, Schema } from './schema.ts';

/** Of Gateway API. */
export const retryCodes = { minimum: 400, maximum: 599 } as const;

export const retry = {
  type: 'object',
  description:
    'When a request is sent again whose attempt has failed. A request of a session stays on its server, one that starts a session goes to another one. Default: only if no server can have received it.',
  properties: {
    codes: {
      type: 'array',
      maxItems: 200,
      description:
        'Statuses of responses after which a request is sent again, whatever its method. Default: none; idempotent requests are sent again when their connection breaks.',
      default: [],
      items: { type: 'integer', format: 'int32', ...retryCodes },
    },
    attempts: {
      type: 'integer',
      format: 'int32',
      minimum: 0,
      maximum: 100,
      default: 1,
      description: 'How often a request is sent again at most.',
    },
    backoff: duration('Wait before the first retry, at least; it doubles with each, up to ten times this.', '25ms'),
  },
} as const satisfies Schema;

export type RetrySpec = Infer<typeof retry>;
