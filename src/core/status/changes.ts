/** Compares two statuses: whether to write the new one, and which events to emit. */
import type { Reason } from '../../api/reasons.ts';
import type { Condition, EndpointStatus, StickyWorkloadStatus } from '../../api/status.ts';
import { formatCount } from '../names/format.ts';
import { heldSessions } from './endpoints.ts';
import { explainLimit, kindOfLimit } from './effective-limit.ts';

/** An event about the StickyWorkload, or about `pod` in its namespace. The caller adds the object reference. */
export type StatusEvent = {
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
  pod?: { name: string; uid: string };
};

/** False if writing the status would change nothing. The order of fields is ignored; the order of lists is not. */
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

// JSON omits undefined values, so they make no difference here either.
const definedEntries = (value: object): Map<string, unknown> =>
  new Map(Object.entries(value).filter(([, entry]) => entry !== undefined));

/** Returns the events of a transition: one for each changed condition, two for each pod that started to drain, one for a new drain limit. */
export function eventsOf(before: StickyWorkloadStatus | undefined, after: StickyWorkloadStatus): StatusEvent[] {
  const transitions = (after.conditions ?? []).flatMap((condition) => {
    const earlier = before?.conditions?.find(({ type }) => type === condition.type);
    return describeTransition(earlier, condition);
  });
  return [
    ...transitions,
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

// The condition that is the cause has already reported it.
const consequences = new Set(['NotAccepted', 'NotProgrammed', 'NotInjected']);

function describeTransition(earlier: Condition | undefined, condition: Condition): StatusEvent[] {
  const { type, status, reason, message } = condition;
  const action = actions[type];
  if (action === undefined || consequences.has(reason) || (earlier?.status === status && earlier.reason === reason)) {
    return [];
  }
  // Injection is the normal case: an event is only useful after it was missing.
  if (type === 'Injected' && status === 'True' && earlier === undefined) return [];
  return [{ type: isProblem(earlier, condition) ? 'Warning' : 'Normal', reason, action, note: message }];
}

// A proxy that was never ready is starting; one that was has failed.
const isProblem = (earlier: Condition | undefined, { status, reason }: Condition): boolean =>
  status !== 'True' && (reason !== 'ProxyNotReady' || earlier?.status === 'True');

function describeDrains(before: readonly EndpointStatus[], after: readonly EndpointStatus[]): StatusEvent[] {
  const drainingBefore = new Set(before.filter(({ state }) => state === 'Draining').map(({ uid }) => uid));
  return after
    .filter(({ state, uid }) => state === 'Draining' && !drainingBefore.has(uid))
    .flatMap((endpoint) => {
      const { pod, uid, reason, deadline } = endpoint;
      const load = describeLoad(endpoint);
      const limit = deadline === undefined ? '' : `, or at ${deadline} at the latest`;
      const event = { type: 'Normal' as const, reason: reason ?? 'PodTerminating', action: 'Drain' };
      const sentence = `keeps ${load} and gets no new sessions; it terminates when they have ended${limit}.`;
      // A user who wonders why a pod stays Terminating looks at the pod's events.
      return [
        { ...event, note: `Pod ${pod} ${sentence}` },
        { ...event, note: `The pod ${sentence}`, pod: { name: pod, uid } },
      ];
    });
}

/** `its sessions` while their number is unknown. */
function describeLoad(endpoint: EndpointStatus): string {
  const held = heldSessions(endpoint);
  const { unconfirmedSessions = 0 } = endpoint;
  if (held === undefined) return 'its sessions';
  return formatCount(held, 'session') + (unconfirmedSessions > 0 ? ` (${unconfirmedSessions} unconfirmed)` : '');
}

type Limit = StickyWorkloadStatus['effectiveDrainLimit'];

/** Once for each kind of limit, not for each spot node. Condition Injected reports pods without the sidecar. */
function describeLimit(before: Limit, after: Limit): StatusEvent[] {
  const { duration = '', limitedBy = 'drain.timeout' } = after ?? {};
  const known = [kindOfLimit(before?.limitedBy ?? ''), 'drain.timeout', 'PodWithoutSidecar'];
  if (known.includes(kindOfLimit(limitedBy))) return [];
  return [
    {
      type: 'Warning',
      reason: 'DrainLimited' satisfies Reason,
      action: 'Drain',
      note: explainLimit({ duration, limitedBy }),
    },
  ];
}
