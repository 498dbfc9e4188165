/** The identity of a caller, from its token. It alone determines what the caller may see; nothing in a request extends it. */
import type { IncomingMessage } from 'node:http';
import { proxyName } from '../../core/names/names.ts';
import type { Identity } from '../../kube/ports.ts';
import type { TokenReviewCache } from './token-review-cache.ts';
import { describeError } from '../../platform/errors.ts';
import { RequestError } from '../https/server.ts';

/** The pod to which a projected token is bound. */
export type PodRef = { namespace: string; name: string; uid: string };

export type GatewayRef = { namespace: string; name: string };

/** A pod that runs as the ServiceAccount of a Gateway's proxy. */
export type ProxyCaller = { pod: PodRef; gateway: GatewayRef };

/** Returns the identity of a bearer token. Throws RequestError 401 for an invalid token, 503 if the API server cannot review it. */
export async function authenticate(token: string, reviewer: TokenReviewCache, source: string): Promise<Identity> {
  let identity: Identity | undefined;
  try {
    identity = await reviewer.review(token, source);
  } catch (error) {
    throw new RequestError(503, `the API server cannot review the token: ${describeError(error)}`);
  }
  if (identity === undefined) {
    throw new RequestError(
      401,
      'the bearer token is not valid for the audience holdfast: it has expired, or its pod was deleted',
    );
  }
  return identity;
}

export function bearerToken({ headers }: IncomingMessage): string {
  // RFC 6750, b64token; a ServiceAccount token is a JWT.
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) {
    throw new RequestError(
      401,
      'the request has no bearer token: send a projected ServiceAccount token with the audience holdfast as "Authorization: Bearer …"',
    );
  }
  return token;
}

export function podOf(identity: Identity): PodRef {
  const { namespace } = serviceAccountOf(identity);
  const { podName, podUid } = identity;
  if (podName === undefined || podUid === undefined) {
    throw new RequestError(403, `the token of ${identity.username} is not bound to a pod: use a projected token`);
  }
  return { namespace, name: podName, uid: podUid };
}

/** Returns the Gateway whose proxies run as a ServiceAccount, or undefined; throws RequestError 503 if the Gateways are not known yet. */
export type GatewayLookup = (serviceAccount: GatewayRef) => GatewayRef | undefined;

export function proxyOf(identity: Identity, gatewayOf: GatewayLookup): ProxyCaller {
  const { namespace, name } = serviceAccountOf(identity);
  const gateway = gatewayOf({ namespace, name });
  if (gateway === undefined) {
    throw new RequestError(
      403,
      `ServiceAccount ${namespace}/${name} does not belong to the proxy of a Gateway: that of Gateway "web" is ${namespace}/${proxyName('web')}`,
    );
  }
  return { pod: podOf(identity), gateway };
}

function serviceAccountOf({ username }: Identity): { namespace: string; name: string } {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace === undefined || name === undefined) {
    throw new RequestError(403, 'the token does not belong to a ServiceAccount');
  }
  return { namespace, name };
}
