/** The owner of a bearer token, by a TokenReview of the API server (authentication.k8s.io/v1). */
import { recordOf, type JsonRecord } from '../../platform/record.ts';
import type { Identity, TokenReviewer } from '../ports.ts';
import type { Transport } from './transport.ts';

export function createTokenReviewer(transport: Transport, audience: string): TokenReviewer {
  return {
    async review(token) {
      const body = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      };
      const request = { method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body } as const;
      return transport.json(request, (answer) => identityOf(recordOf(recordOf(answer)['status']), audience));
    },
  };
}

function identityOf(status: JsonRecord, audience: string): Identity | undefined {
  const { username, extra } = recordOf(status['user']);
  if (status['authenticated'] !== true || typeof username !== 'string') return undefined;
  // An authenticator without support for audiences returns none: such a token was not issued for Holdfast.
  if (!Array.isArray(status['audiences']) || !status['audiences'].includes(audience)) return undefined;
  const podName = firstOf(extra, 'authentication.kubernetes.io/pod-name');
  const podUid = firstOf(extra, 'authentication.kubernetes.io/pod-uid');
  return { username, ...(podName === undefined ? {} : { podName }), ...(podUid === undefined ? {} : { podUid }) };
}

function firstOf(extra: unknown, key: string): string | undefined {
  const values = recordOf(extra)[key];
  return Array.isArray(values) && typeof values[0] === 'string' ? values[0] : undefined;
}
