/** Bearer tokens: one of the administrator, and those of ServiceAccounts, which are JWTs signed with a key of this server. */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../src/platform/clock.ts';
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import type { Store } from '../store/store.ts';
import { numberAt, textAt, textsAt, valueAt } from './fields.ts';

export type User = {
  username: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
};

export type TokenSubject = {
  namespace: string;
  serviceAccount: { name: string; uid: string };
  pod?: { name: string; uid: string };
  /** The node of the pod. */
  nodeName?: string;
};

export type TokenOrder = { subject: TokenSubject; audiences: readonly string[]; lifetimeSeconds: number };

export type Verdict = { ok: true; user: User; audiences: readonly string[] } | { ok: false; error: string };

export interface Tokens {
  /** The token of the administrator, for the kubeconfig. */
  readonly admin: string;
  issue(order: TokenOrder): { token: string; expiresAtMs: number };
  /** Returns the user of the token; the token must be for one of `audiences`. */
  verify(token: string, audiences: readonly string[]): Verdict;
}

/** The audience of tokens that name none. */
export const apiAudience = 'https://kubernetes.default.svc.cluster.local';

/** Tolerance for clocks that differ. */
const overdueMs = 60_000;

const administrator: User = { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
const invalidToken: Verdict = { ok: false, error: 'invalid bearer token' };

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function createTokens({ store, clock }: { store: Pick<Store, 'get'>; clock: Clock }): Tokens {
  const key = randomBytes(32);
  const admin = randomBytes(24).toString('base64url');
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest();

  function issue({ subject, audiences, lifetimeSeconds }: TokenOrder): { token: string; expiresAtMs: number } {
    const issuedAt = Math.floor(clock.nowMs() / 1000);
    const { namespace, serviceAccount, pod, nodeName } = subject;
    const claims = {
      aud: audiences,
      exp: issuedAt + lifetimeSeconds,
      iat: issuedAt,
      iss: apiAudience,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(nodeName && { node: { name: nodeName } }),
        ...(pod && { pod }),
        serviceaccount: serviceAccount,
      },
      nbf: issuedAt,
      sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    };
    const text = `${encode({ alg: 'HS256', kid: 'devcluster' })}.${encode(claims)}`;
    return { token: `${text}.${sign(text).toString('base64url')}`, expiresAtMs: (issuedAt + lifetimeSeconds) * 1000 };
  }

  function readClaims(token: string): JsonObject | undefined {
    const end = token.lastIndexOf('.');
    const wanted = sign(token.slice(0, end));
    const given = Buffer.from(token.slice(end + 1), 'base64url');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(token.slice(0, end).split('.')[1] ?? '', 'base64url').toString());
    return isJsonObject(claims) ? claims : undefined;
  }

  /** A token is valid until its ServiceAccount or its bound pod is deleted, or until a minute after the deletion deadline of one of them. */
  function isBoundToLiving(claims: JsonObject): boolean {
    const namespace = textAt(claims, 'kubernetes.io', 'namespace');
    const isAlive = (shelf: string, field: string): boolean => {
      const name = textAt(claims, 'kubernetes.io', field, 'name');
      const { uid, deletionTimestamp } = store.get(shelf, { namespace, name })?.metadata ?? {};
      const isOverdue = deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < clock.nowMs() - overdueMs;
      return uid === textAt(claims, 'kubernetes.io', field, 'uid') && !isOverdue;
    };
    return (
      isAlive('/serviceaccounts', 'serviceaccount') &&
      (valueAt(claims, 'kubernetes.io', 'pod') === undefined || isAlive('/pods', 'pod'))
    );
  }

  function verify(token: string, audiences: readonly string[]): Verdict {
    if (token === admin) {
      return audiences.includes(apiAudience)
        ? { ok: true, user: administrator, audiences: [apiAudience] }
        : invalidToken;
    }
    const claims = readClaims(token);
    if (claims === undefined) return invalidToken;
    if ((numberAt(claims, 'exp') ?? 0) * 1000 <= clock.nowMs()) {
      return { ok: false, error: '[invalid bearer token, service account token has expired]' };
    }
    if (!isBoundToLiving(claims)) {
      return { ok: false, error: '[invalid bearer token, service account token has been invalidated]' };
    }
    const given = textsAt(claims, 'aud');
    const shared = given.filter((audience) => audiences.includes(audience));
    if (shared.length > 0) return { ok: true, user: userOf(claims), audiences: shared };
    const reason = `token audiences ${JSON.stringify(given)} is invalid for the target audiences ${JSON.stringify(audiences)}`;
    return { ok: false, error: `[invalid bearer token, ${reason}]` };
  }

  return { admin, issue, verify };
}

function userOf(claims: JsonObject): User {
  const namespace = textAt(claims, 'kubernetes.io', 'namespace');
  const prefix = 'authentication.kubernetes.io';
  const bound = (field: 'pod' | 'node') => ({
    ...(textAt(claims, 'kubernetes.io', field, 'name') && {
      [`${prefix}/${field}-name`]: [textAt(claims, 'kubernetes.io', field, 'name')],
    }),
    ...(textAt(claims, 'kubernetes.io', field, 'uid') && {
      [`${prefix}/${field}-uid`]: [textAt(claims, 'kubernetes.io', field, 'uid')],
    }),
  });
  return {
    username: textAt(claims, 'sub'),
    uid: textAt(claims, 'kubernetes.io', 'serviceaccount', 'uid'),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: { [`${prefix}/credential-id`]: [`JTI=${textAt(claims, 'jti')}`], ...bound('node'), ...bound('pod') },
  };
}
