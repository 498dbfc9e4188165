/**
 * What a sidecar is told whose token the API server no longer takes.
 *
 * A bound token ends when its pod is gone, or past its grace by a minute (KEP-1205), but the containers may still run: the kubelet goes by the
 * grace that it heard first (kubernetes/kubernetes#83916), and a pod that is deleted by force is gone for the API server alone. A sidecar that
 * could not ask in that minute would hold its pod to the drain timeout, for sessions that somebody has given up.
 *
 * So whoever names such a pod hears that its time is over, and nothing else: neither how many sessions it has, nor anything of a pod that lives.
 */
import type { DrainStatus } from '../../wire/messages.ts';
import { isRecord } from '../../platform/record.ts';
import type { PodRef } from './caller.ts';
import { lifeOf } from './drain-status.ts';
import type { PodDirectory } from './drain-status.ts';

const uncounted = {
  type: 'Proxy',
  known: false,
  reason: 'the time of the pod is over, and its token with it',
} as const;

/** Undefined where the token names no pod whose time is over. Throws RequestError 503 where that cannot be said. */
export async function answerUnverified(
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

/** By the claims of a ServiceAccount token, a JWT (RFC 7519): said by the caller, and checked by nobody. */
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
/** As Kubernetes names objects: it becomes part of a path. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z0-9][a-z0-9.-]{0,252}$/.test(value);
