/** What the operator reports to a sidecar about its own pod. */
import type { DrainStatus, SessionSource } from '../../wire/messages.ts';
import { describeError } from '../../platform/errors.ts';
import { RequestError } from '../https/server.ts';
import type { PodRef } from './caller.ts';

/** `Gone`: no pod of this name and UID. */
export type PodLife =
  | { kind: 'Alive' }
  | { kind: 'Terminating'; killAtMs: number; disruption?: string }
  | { kind: 'Gone' };

export interface PodDirectory {
  /** As this replica's cache has it; the cache may be behind. */
  cached(pod: PodRef): PodLife;
  /** From the API server itself, not older than the call. Throws where it cannot say. */
  live(pod: PodRef): Promise<PodLife>;
}

export type DrainPorts = {
  pods: PodDirectory;
  /** What the proxies say of the pod's sessions. */
  sources: (pod: PodRef, nowMs: number) => SessionSource[];
};

/** Throws RequestError 503 where nothing certain can be said: to the sidecar that is "unknown", and it holds. */
export async function answerDrain(pod: PodRef, { pods, sources }: DrainPorts, nowMs: number): Promise<DrainStatus> {
  const life = await lifeOf(pod, pods);
  if (life.kind === 'Alive') return { terminating: false };
  // Gone: deleted by force while its containers still run. Nothing is left to hold it for.
  const { killAtMs, disruption } = life.kind === 'Gone' ? { killAtMs: nowMs } : life;
  return { terminating: true, killAtMs, ...(disruption !== undefined && { disruption }), sources: sources(pod, nowMs) };
}

/**
 * Only a deletion is believed to the cache: it cannot be undone. Otherwise the cache may be behind. The kubelet runs
 * preStop because the API server told it of the deletion, so a read from the API server that starts now must show it.
 * Throws RequestError 503 where neither can say.
 */
export async function lifeOf(pod: PodRef, pods: PodDirectory): Promise<PodLife> {
  const cached = pods.cached(pod);
  if (cached.kind === 'Terminating') return cached;
  try {
    return await pods.live(pod);
  } catch (error) {
    throw new RequestError(
      503,
      `whether the pod is being deleted cannot be said at this moment: ${describeError(error)}`,
    );
  }
}
