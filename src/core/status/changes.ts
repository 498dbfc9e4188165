/** What changed from one status to the next: whether to write it, and what to tell people. */
import type { Reason } from '../../api/reasons.ts';
import type { Condition, EndpointStatus, StickyWorkloadStatus } from '../../api/status.ts';
import { explainLimit, wordOf } from './effective-limit.ts';

/** An event about the StickyWorkload, or about `pod` of its namespace; whoever emits it adds the rest of what it is about. */
export type StatusEvent = {
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
  pod?: { name: string; uid: string };
};

/** False where writing the status would change nothing. The order of fields does not count, the order of lists does. */
export const statusChanged = (before: StickyWorkloadStatus | undefined, after: StickyWorkloadStatus): boolean =>
  !isEqual(before, after);

function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [definedEntries(one), definedEntries(other)];
  return (
    left.size === right.size && [...left].every(([key, value]) => right.has(key) && isEqual(value, right.get(key)))
  );
}

// JSON drops what is undefined, so it makes no difference here either.
const definedEntries = (value: object): Map<string, unknown> =>
  new Map(Object.entries(value).filter(([, entry]) => entry !== undefined));

/** Events that the transition emits: one for each condition that turned, two for each pod that began to drain, and one for a new limit of drains. */
export function eventsOf(before: StickyWorkloadStatus | undefined, after: StickyWorkloadStatus): StatusEvent[] {
  const turned = (after.conditions ?? []).flatMap((condition) => {
    const earlier = before?.conditions?.find(({ type }) => type === condition.type);
    return describeTurn(earlier, condition);
  });
  return [
    ...turned,
    ...describeDrains(before?.endpoints ?? [], after.endpoints ?? []),
    ...describeLimit(before?.effectiveDrainLimit, after.effectiveDrainLimit),
  ];
}

const actions: Record<string, string> = {
  Accepted: 'Accept',
  Programmed: 'Provision',
  Injected: 'Inject',
  Ready: 'Serve',
};

// Said already by the condition that is the cause.
const consequences = new Set(['NotAccepted', 'NotProgrammed', 'NotInjected']);

function describeTurn(earlier: Condition | undefined, condition: Condition): StatusEvent[] {
  const { type, status, reason, message } = condition;
  const action = actions[type];
  if (action === undefined || consequences.has(reason) || (earlier?.status === status && earlier.reason === reason)) {
    return [];
  }
  // Pods are injected as a matter of course: it is news only after it was missing.
  if (type === 'Injected' && status === 'True' && earlier === undefined) return [];
  return [{ type: isTrouble(earlier, condition) ? 'Warning' : 'Normal', reason, action, note: message }];
}

// A proxy that was never ready is starting; one that was has failed.
const isTrouble = (earlier: Condition | undefined, { status, reason }: Condition): boolean =>
  status !== 'True' && (reason !== 'ProxyNotReady' || earlier?.status === 'True');

function describeDrains(before: readonly EndpointStatus[], after: readonly EndpointStatus[]): StatusEvent[] {
  const drainedAlready = new Set(before.filter(({ state }) => state === 'Draining').map(({ uid }) => uid));
  return after
    .filter(({ state, uid }) => state === 'Draining' && !drainedAlready.has(uid))
    .flatMap(({ pod, uid, reason, sessions, deadline }) => {
      const load = sessions === undefined ? '' : ` (${sessions})`;
      const limit = deadline === undefined ? '' : `, at the latest at ${deadline}`;
      const event = { type: 'Normal' as const, reason: reason ?? 'PodTerminating', action: 'Drain' };
      const story = `keeps its sessions${load} and gets no new one; it goes when they have ended${limit}.`;
      // Who asks why a pod is Terminating for so long looks at the pod.
      return [
        { ...event, note: `Pod ${pod} ${story}` },
        { ...event, note: `The pod ${story}`, pod: { name: pod, uid } },
      ];
    });
}

type Limit = StickyWorkloadStatus['effectiveDrainLimit'];

/** Once for each kind of limit: one spot node after another is no news. Pods without sidecar are told of by their own condition. */
function describeLimit(before: Limit, after: Limit): StatusEvent[] {
  const { duration = '', limitedBy = 'drain.timeout' } = after ?? {};
  const known = [wordOf(before?.limitedBy ?? ''), 'drain.timeout', 'PodWithoutSidecar'];
  if (known.includes(wordOf(limitedBy))) return [];
  return [
    {
      type: 'Warning',
      reason: 'DrainLimited' satisfies Reason,
      action: 'Drain',
      note: explainLimit({ duration, limitedBy }),
    },
  ];
}
