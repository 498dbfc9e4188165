/**
 * The drain status for a sidecar whose token the API server no longer accepts.
 *
 * A bound token expires when its pod is deleted, or a minute after the pod's grace period (KEP-1205), but the containers may still run: the
 * kubelet uses the grace period that it received first (kubernetes/kubernetes#83916), and a force-deleted pod is gone only for the API
 * server. A sidecar that got no response in that minute would hold its pod until the drain timeout, for sessions that were given up.
 *
 * Therefore any caller that names such a pod gets the information that its grace period is over, and nothing else: neither its number of
 * sessions, nor anything about a pod that lives.
 */
import type { DrainStatus } from '../../wire/messages.ts';
import { isRecord } from '../../platform/record.ts';
import type { PodRef } from './caller.ts';
import { lifeOf } from './drain-status.ts';
import type { PodDirectory } from './drain-status.ts';

const uncounted = {
  type: 'Proxy',
  known: false,
  reason: 'the grace period of the pod is over, and its token has expired',
} as const;

/** Returns undefined unless the token names a pod whose grace period is over. Throws RequestError 503 if that is unknown. */
export async function statusOfExpired(
  token: string,
  pods: PodDirectory,
  nowMs: number,
): Promise<DrainStatus | undefined> {
  const pod = claimedPod(token);
  if (pod === undefined) return undefined;
  const life = await lifeOf(pod, pods);
  if (life.kind === 'Alive') return undefined;
  const killAtMs = life.kind === 'Gone' ? nowMs : life.killAtMs;
  return killAtMs > nowMs ? undefined : { terminating: true, killAtMs, sources: [uncounted] };
}

/** Returns the pod in the claims of a ServiceAccount token, a JWT (RFC 7519). The claims are not verified. */
function claimedPod(token: string): PodRef | undefined {
  const claims = fieldOf(parsePayload(token), 'kubernetes.io');
  const pod = fieldOf(claims, 'pod');
  const [namespace, name, uid] = [fieldOf(claims, 'namespace'), fieldOf(pod, 'name'), fieldOf(pod, 'uid')];
  return isName(namespace) && isName(name) && isName(uid) ? { namespace, name, uid } : undefined;
}

function parsePayload(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

const fieldOf = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);
/** Whether it is a name of a Kubernetes object: it becomes part of a path. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z0-9][a-z0-9.-]{0,252}$/.test(value);
