/** Who is asking, by its token. What a caller may see follows from that alone; nothing in a request can widen it. */
import type { IncomingMessage } from 'node:http';
import { gatewayOfProxy, proxyName } from '../../core/names/names.ts';
import type { Identity, TokenReviewer } from '../../kube/ports.ts';
import { describeError } from '../../platform/errors.ts';
import { RequestError } from '../https/server.ts';

/** The pod whose projected token it is. */
export type PodRef = { namespace: string; name: string; uid: string };

export type GatewayRef = { namespace: string; name: string };

/** A pod that runs as the ServiceAccount of a Gateway's proxy. */
export type ProxyCaller = { pod: PodRef; gateway: GatewayRef };

/** The identity behind the request's bearer token; RequestError where there is none. */
export async function authenticate(token: string, reviewer: TokenReviewer): Promise<Identity> {
  let identity: Identity | undefined;
  try {
    identity = await reviewer.review(token);
  } catch (error) {
    throw new RequestError(503, `the token cannot be checked at this moment: ${describeError(error)}`);
  }
  if (identity === undefined) {
    throw new RequestError(
      401,
      'the bearer token is not valid for the audience holdfast: it expired, or its pod is gone',
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
      'a projected ServiceAccount token with the audience holdfast is needed, as "Authorization: Bearer …"',
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

export function proxyOf(identity: Identity): ProxyCaller {
  const { namespace, name } = serviceAccountOf(identity);
  const gateway = gatewayOfProxy(name);
  if (gateway === undefined) {
    throw new RequestError(
      403,
      `ServiceAccount ${namespace}/${name} is no proxy's: that of the Gateway "web" would be ${namespace}/${proxyName('web')}`,
    );
  }
  return { pod: podOf(identity), gateway: { namespace, name: gateway } };
}

function serviceAccountOf({ username }: Identity): { namespace: string; name: string } {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace === undefined || name === undefined) {
    throw new RequestError(403, 'the token does not belong to a ServiceAccount');
  }
  return { namespace, name };
}
