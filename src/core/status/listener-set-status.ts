/** The status of ListenerSets. */
import type { JudgedListenerSet } from '../listener/listener-sets.ts';
import { countAttachedRoutes, type GatewayPlan } from '../resolve/gateway-plan.ts';
import {
  dateConditions,
  entriesOf,
  holds,
  lacks,
  readConditions,
  type Observed,
  type Verdict,
} from './dated-conditions.ts';
import { judgeListenerEntry } from './listener-status.ts';

/** The condition Accepted of the Gateway, and whether its proxies serve, whatever address clients use. */
export type ParentVerdicts = { accepted: Verdict; programmed: Verdict };

export function judgeListenerSet(
  judged: JudgedListenerSet,
  parent: ParentVerdicts & { plan: GatewayPlan },
  observed: Observed,
  nowMs: number,
): object {
  const verdicts = [judgeAccepted(judged, parent), judgeProgrammed(judged, parent)];
  const known = entriesOf(observed.status, 'listeners');
  const { programmed, plan } = parent;
  return {
    conditions: dateConditions(verdicts, observed, { nowMs, before: readConditions(observed.status) }),
    listeners: judged.listeners.map((listener) => {
      const attachedRoutes = countAttachedRoutes(plan, listener.id);
      return judgeListenerEntry(listener, { attachedRoutes, programmed, observed, nowMs }, known);
    }),
  };
}

/** Whether a set counts in `attachedListenerSets` of its Gateway. */
export const isAccepted = (judged: JudgedListenerSet, parent: Pick<ParentVerdicts, 'accepted'>): boolean =>
  judgeAccepted(judged, parent).holds;

function judgeAccepted(judged: JudgedListenerSet, { accepted }: Pick<ParentVerdicts, 'accepted'>): Verdict {
  const { refusal } = judged;
  if (refusal !== undefined) return lacks('Accepted', 'NotAllowed', refusal);
  if (!accepted.holds) {
    return lacks('Accepted', 'ParentNotAccepted', 'The Gateway is not accepted: see its conditions.');
  }
  const broken = brokenOf(judged);
  if (broken.length === judged.listeners.length) return lacks('Accepted', 'ListenersNotValid', noListener);
  return broken.length === 0
    ? holds('Accepted', 'Accepted', 'The listeners are valid.')
    : holds(
        'Accepted',
        'ListenersNotValid',
        `Served, except for invalid listeners: ${broken.join(', ')}. See their conditions.`,
      );
}

const noListener = 'No listener can be served, see their conditions.';

function judgeProgrammed(judged: JudgedListenerSet, { accepted, programmed }: ParentVerdicts): Verdict {
  const { refusal, listeners } = judged;
  if (refusal !== undefined) return lacks('Programmed', 'NotAllowed', refusal);
  if (accepted.holds && brokenOf(judged).length === listeners.length) {
    return lacks('Programmed', 'ListenersNotValid', noListener);
  }
  return programmed.holds && accepted.holds
    ? programmed
    : lacks('Programmed', 'ParentNotProgrammed', `Its Gateway: ${programmed.message}`);
}

const brokenOf = ({ listeners }: JudgedListenerSet): string[] =>
  listeners.filter(({ problem }) => problem !== undefined).map(({ name }) => name);
