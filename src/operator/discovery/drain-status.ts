/** The drain status of a sidecar's own pod. */
import type { DrainStatus, SessionSource } from '../../wire/messages.ts';
import { describeError } from '../../platform/errors.ts';
import { RequestError } from '../https/server.ts';
import type { PodRef } from './caller.ts';

/** `Gone`: there is no pod with this name and UID. */
export type PodLife =
  | { kind: 'Alive' }
  | { kind: 'Terminating'; killAtMs: number; appRuns?: boolean; disruption?: string }
  | { kind: 'Gone' };

export interface PodDirectory {
  /** From this replica's cache, which may be outdated. */
  cached(pod: PodRef): PodLife;
  /** From the API server, not older than the call. Throws if the API server does not respond. */
  live(pod: PodRef): Promise<PodLife>;
}

export type DrainPorts = {
  pods: PodDirectory;
  /** Returns the pod's sessions as the proxies report them. */
  sources: (pod: PodRef, nowMs: number) => SessionSource[];
  /**
   * Calls back with the UIDs of pods whose `cached` or `sources` may differ; undefined: those of any pod. Returns a function that
   * unsubscribes. That time makes reports too old is not among these changes.
   */
  onChange: (listener: (podUids: ReadonlySet<string> | undefined) => void) => () => void;
};

type TerminatingStatus = Extract<DrainStatus, { terminating: true }>;

/** Throws RequestError 503 if nothing is certain: for the sidecar that is "unknown", and it holds the pod. */
export async function drainStatusOf(pod: PodRef, ports: DrainPorts, nowMs: number): Promise<DrainStatus> {
  const life = await lifeOf(pod, ports.pods);
  return life.kind === 'Alive' ? { terminating: false } : statusOf(life, ports.sources(pod, nowMs), nowMs);
}

/** The same without a read from the API server; undefined unless the cache shows the deletion. */
export function cachedDrainStatus(
  pod: PodRef,
  { pods, sources }: Pick<DrainPorts, 'pods' | 'sources'>,
  nowMs: number,
): TerminatingStatus | undefined {
  const life = pods.cached(pod);
  return life.kind === 'Terminating' ? statusOf(life, sources(pod, nowMs), nowMs) : undefined;
}

function statusOf(
  life: Exclude<PodLife, { kind: 'Alive' }>,
  sources: SessionSource[],
  nowMs: number,
): TerminatingStatus {
  // Gone: force-deleted while its containers still run. There is no reason left to hold it.
  const { killAtMs, disruption, appRuns } = life.kind === 'Gone' ? { killAtMs: nowMs } : life;
  const status = {
    terminating: true as const,
    killAtMs,
    ...(appRuns !== undefined && { appRuns }),
    ...(disruption !== undefined && { disruption }),
    sources,
  };
  return { ...status, version: versionOf(status) };
}

/**
 * Of what the sidecar decides by, the same on every replica. The reason why a source is unknown is for people, and often contains a time that
 * passes: it may be as old as the wait.
 */
const versionOf = ({ killAtMs, appRuns, disruption, sources }: Omit<TerminatingStatus, 'version'>): string =>
  [killAtMs, appRuns, disruption, ...sources.map((source) => (source.known ? source.sessions : 'unknown'))].join('.');

/**
 * The cache is trusted only when it shows a deletion, which cannot be undone; otherwise it may be outdated. The kubelet runs preStop
 * because it has received the deletion from the API server, so a read from the API server that starts now must show it.
 * Throws RequestError 503 if neither has a result.
 */
export async function lifeOf(pod: PodRef, pods: PodDirectory): Promise<PodLife> {
  const cached = pods.cached(pod);
  if (cached.kind === 'Terminating') return cached;
  try {
    return await pods.live(pod);
  } catch (error) {
    throw new RequestError(503, `it is unknown whether the pod is being deleted: ${describeError(error)}`);
  }
}
