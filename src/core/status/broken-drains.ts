/**
 * Pods whose sessions ended otherwise than by a drain.
 *
 *     terminating ──► held by the sidecar ── no sessions, or the deadline ──► released ──► containers stop ──► gone
 *                        │                                                                                    ▲
 *                        ├── the sidecar's process ends: the preStop call breaks, SIGTERM now ── SidecarRestarted
 *                        └── force delete, node lost, the app ends by itself ───────────────────── DrainBroken
 *
 * The word of the sidecar goes to one replica of the operator, which need not be the one that judges. So a pod is judged by what every
 * replica sees: a normal drain ends at zero sessions, or not before its deadline. One that ends with sessions and before its deadline was
 * broken. What is not known is not claimed: with an unknown number of sessions a vanished pod is no proof of anything.
 */
import { formatDuration } from '../../api/duration.ts';
import type { Pod, PodDeletion } from '../snapshot/snapshot.ts';
import type { DrainLimits } from '../drain/state.ts';
import { drainDeadlineMs } from './endpoints.ts';

export type BrokenDrain = { reason: 'SidecarRestarted' | 'DrainBroken'; sessionsCut?: number; message: string };

export type DrainFacts = {
  /** As it was last seen. */
  pod: Pod;
  /** The last one with a grace of its own: the kubelet takes a pod away by another delete, with a grace of 0. */
  deletion: PodDeletion | undefined;
  limits: DrainLimits;
  /** A pod with so many sessions counts as empty. */
  sessionThreshold: number;
  /** Whether the sessions that the proxies count hold a pod at all. */
  proxiesCount: boolean;
  /** On this pod, by the proxies; undefined while unknown. */
  sessions: number | undefined;
  nowMs: number;
};

// The sidecar's deadline runs by the clock of its node.
const clockSkewMs = 5000;

/** A pod that is gone, or whose containers have all ended. */
export function judgeEnd(facts: DrainFacts): BrokenDrain | undefined {
  const { pod, deletion, sessions } = facts;
  if (sessions === undefined || !facts.proxiesCount || isEmpty(facts)) return undefined;
  const left = deletion && drainDeadlineMs(pod, deletion, facts.limits) - facts.nowMs;
  if (left !== undefined && left <= clockSkewMs) return undefined;
  const when =
    left === undefined ? 'without having been told to stop' : `${formatDuration(wholeSeconds(left))} before its limit`;
  // The kubelet may tell of both ends in one word, the sidecar's and that of the app after it: then only the way in which it ended shows that it was first.
  if (hasDied(pod)) return sidecarRestarted(pod, sessions);
  return {
    reason: 'DrainBroken',
    sessionsCut: sessions,
    message: `gone with ${countOf(sessions)}, ${when}: deleted by force (--grace-period=0), its node lost, or its containers ended by themselves${endOf(pod)}. Those sessions are lost; their clients get new ones.`,
  };
}

/** A pod of which there is news while it terminates. */
export function judgeSidecar(before: Pod | undefined, facts: DrainFacts): BrokenDrain | undefined {
  const { sidecar } = facts.pod;
  // A natural end of the sidecar comes after that of the app.
  if (!before?.sidecar || !sidecar?.appRuns || sidecar.endings <= before.sidecar.endings) return undefined;
  // Unknown is not zero: nobody can say whether there are sessions, but the hold is broken.
  if (isEmpty(facts)) return undefined;
  return sidecarRestarted(facts.pod, facts.sessions);
}

function sidecarRestarted({ sidecar }: Pod, sessions: number | undefined): BrokenDrain {
  const held = sessions === undefined ? 'an unknown number of sessions' : countOf(sessions);
  return {
    reason: 'SidecarRestarted',
    ...(sessions !== undefined && { sessionsCut: sessions }),
    message: `the sidecar ended${sidecar?.lastEnd === undefined ? '' : ` (${sidecar.lastEnd})`} while it held the pod for ${held}: the kubelet told the app to stop at once. OOMKilled: the node or the sidecar's limit has too little memory.`,
  };
}

/** A sidecar that the kubelet tells to stop, when the app has, ends by itself. */
const hasDied = ({ sidecar }: Pod): boolean => sidecar?.lastEnd !== undefined && sidecar.lastEnd !== 'Completed';

/** Where other sources hold the pod, what the proxies count does not say that it is empty. */
const isEmpty = ({ sessions, sessionThreshold, proxiesCount }: DrainFacts): boolean =>
  proxiesCount && sessions !== undefined && sessions <= sessionThreshold;

const countOf = (sessions: number): string => (sessions === 1 ? '1 session' : `${sessions} sessions`);
const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** What Kubernetes says of it, where it says anything. */
const endOf = ({ disruption }: Pod): string => (disruption === undefined ? '' : ` (${disruption})`);
