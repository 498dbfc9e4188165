/**
 * Detects pods whose sessions did not end through a completed drain.
 *
 *     terminating ──► held by the sidecar ── no sessions, or the deadline ──► released ──► containers stop ──► gone
 *                        │                                                                                    ▲
 *                        ├── the sidecar's process ends: the preStop call breaks, SIGTERM now ── SidecarRestarted
 *                        └── force delete, node lost, the app ends by itself ───────────────────── DrainBroken
 *
 * The sidecar reports the end of its drain to one operator replica, which need not be the leader. So the leader relies on what every
 * replica observes: a normal drain ends at zero sessions, or not before its deadline. A drain that ends with sessions before its
 * deadline was broken. With an unknown number of sessions, the disappearance of a pod proves nothing and is not reported.
 */
import { formatDuration } from '../../api/duration.ts';
import type { Pod, PodDeletion } from '../snapshot/snapshot.ts';
import type { DrainLimits } from '../drain/state.ts';
import { formatSessions } from '../names/format.ts';
import { drainDeadlineMs } from './endpoints.ts';

export type BrokenDrain = { reason: 'SidecarRestarted' | 'DrainBroken'; sessionsCut?: number; message: string };

export type DrainFacts = {
  /** As last observed. */
  pod: Pod;
  /** The last deletion with a non-zero grace period: the kubelet removes a pod by another delete, with grace 0. */
  deletion: PodDeletion | undefined;
  limits: DrainLimits;
  /** A pod with at most this many sessions counts as empty. */
  sessionThreshold: number;
  /** Whether Proxy is one of the session sources that hold the pod. */
  proxiesCount: boolean;
  /** On this pod, by the proxies; undefined while unknown. */
  sessions: number | undefined;
  /** Whether the sessions wait for the next pod of its name: then none is cut. */
  hasSuccessor: boolean;
  nowMs: number;
};

// The sidecar measures its deadline with the clock of its node.
const clockSkewMs = 5000;

/** Judges a pod that is gone, or whose containers have all exited. */
export function judgeEnd(facts: DrainFacts): BrokenDrain | undefined {
  const { pod, deletion, sessions } = facts;
  if (sessions === undefined || !facts.proxiesCount || isEmpty(facts)) return undefined;
  const left = deletion && drainDeadlineMs(pod, deletion, facts.limits) - facts.nowMs;
  if (left !== undefined && left <= clockSkewMs) return undefined;
  const when =
    left === undefined ? 'without having been deleted' : `${formatDuration(wholeSeconds(left))} before its deadline`;
  // The kubelet may report the exits of sidecar and app in one update: then only the sidecar's exit status shows that it exited first.
  if (hasDied(pod)) return sidecarRestarted(facts);
  return {
    reason: 'DrainBroken',
    ...sessionsCut(facts),
    message: `the pod disappeared with ${formatSessions(sessions)}, ${when}: it was force-deleted (--grace-period=0), its node was lost, or its containers exited${endOf(pod)}. ${fateOf(facts)}`,
  };
}

/** Judges a terminating pod whose serving container has exited, although its sidecar or another container still runs. */
export function judgeExit(facts: DrainFacts): BrokenDrain | undefined {
  const broken = judgeEnd(facts);
  if (broken?.reason !== 'DrainBroken') return broken;
  return {
    ...broken,
    message: `the app's container exited by itself with ${formatSessions(facts.sessions)} while the pod was held for them: it stopped without SIGTERM, or its own preStop hook (exec or sleep) had ended. ${fateOf(facts)}`,
  };
}

/** Judges an update of a pod that is terminating. */
export function judgeSidecar(before: Pod | undefined, facts: DrainFacts): BrokenDrain | undefined {
  const { sidecar } = facts.pod;
  // In a normal shutdown the sidecar exits after the app.
  if (!before?.sidecar || !sidecar?.appRuns || sidecar.endings <= before.sidecar.endings) return undefined;
  // Unknown is not zero: there may be sessions, and the hold is broken.
  if (isEmpty(facts)) return undefined;
  return sidecarRestarted(facts);
}

function sidecarRestarted(facts: DrainFacts): BrokenDrain {
  const { sidecar } = facts.pod;
  const held = formatSessions(facts.sessions);
  return {
    reason: 'SidecarRestarted',
    ...sessionsCut(facts),
    message: `the sidecar exited${sidecar?.lastEnd === undefined ? '' : ` (${sidecar.lastEnd})`} while it held the pod for ${held}, so the kubelet sent SIGTERM to the app at once. If the reason is OOMKilled, the node or the sidecar's memory limit is too small.`,
  };
}

const sessionsCut = ({ sessions, hasSuccessor }: DrainFacts): Pick<BrokenDrain, 'sessionsCut'> =>
  sessions === undefined || hasSuccessor ? {} : { sessionsCut: sessions };

const fateOf = ({ hasSuccessor }: DrainFacts): string =>
  hasSuccessor ? sessionsWait : 'These sessions are lost; their clients get new ones.';

/** What becomes of the sessions of a pod that is followed by another of its name. */
export const sessionsWait = 'These sessions wait for the next pod of this name.';

/** A sidecar that the kubelet stops after the app exits with Completed. */
const hasDied = ({ sidecar }: Pod): boolean => sidecar?.lastEnd !== undefined && sidecar.lastEnd !== 'Completed';

/** If other sources hold the pod, the count of the proxies does not show that it is empty. */
const isEmpty = ({ sessions, sessionThreshold, proxiesCount }: DrainFacts): boolean =>
  proxiesCount && sessions !== undefined && sessions <= sessionThreshold;

const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** The disruption reason that Kubernetes recorded, if any. */
const endOf = ({ disruption }: Pod): string => (disruption === undefined ? '' : ` (${disruption})`);
