/** The status of the Gateway API objects that Holdfast is the controller of (GatewayClass, Gateway, HTTPRoute). */
import type { GatewayPlan, WorkloadPlan } from '../accept/plan.ts';
import { defaultListener } from '../accept/plan.ts';
import { controllerName, proxyName } from '../names/names.ts';
import { formatTime } from './time.ts';

/** A condition of Gateway API: as ours, except that its reasons are Gateway API's words. */
type GatewayCondition = { type: string; status: 'True' | 'False'; reason: string; message: string; observedGeneration: number; lastTransitionTime: string };

export type Observed = { generation: number; status?: Record<string, unknown> };

type Dated = Pick<GatewayCondition, 'type' | 'status' | 'lastTransitionTime'>;

type Verdict = { type: string; holds: boolean; reason: string; message: string };

export function judgeGatewayClass(observed: Observed, nowMs: number): object {
  const verdicts = [{ type: 'Accepted', holds: true, reason: 'Accepted', message: 'Gateways of this class are served by the proxy of Holdfast.' }];
  return { conditions: dateConditions(verdicts, observed, { nowMs, before: conditionsIn(observed.status) }) };
}

export function judgeGateway({ gateway, plans }: GatewayPlan, readyReplicas: number, observed: Observed, nowMs: number): object {
  const accepted: Verdict = { type: 'Accepted', holds: true, reason: 'Accepted', message: 'The listeners are valid.' };
  const programmed: Verdict =
    readyReplicas > 0
      ? { type: 'Programmed', holds: true, reason: 'Programmed', message: `Ready replicas of the proxy: ${readyReplicas}.` }
      : { type: 'Programmed', holds: false, reason: 'Pending', message: 'No replica of the proxy is ready yet.' };
  const resolved: Verdict = { type: 'ResolvedRefs', holds: true, reason: 'ResolvedRefs', message: 'There is nothing to resolve.' };
  const listenerBefore = conditionsIn(firstOf(observed.status, 'listeners'));
  return {
    addresses: [{ type: 'Hostname', value: `${proxyName(gateway.name)}.${gateway.namespace}.svc` }],
    conditions: dateConditions([accepted, programmed], observed, { nowMs, before: conditionsIn(observed.status) }),
    listeners: [
      {
        name: defaultListener.name,
        attachedRoutes: plans.length,
        supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
        conditions: dateConditions([accepted, programmed, resolved], observed, { nowMs, before: listenerBefore }),
      },
    ],
  };
}

export function judgeRoute(plan: WorkloadPlan, observed: Observed, nowMs: number): object {
  const verdicts: Verdict[] = [
    { type: 'Accepted', holds: true, reason: 'Accepted', message: `Requests are routed to the pods of ${plan.target.kind} ${plan.target.name}.` },
    { type: 'ResolvedRefs', holds: true, reason: 'ResolvedRefs', message: 'The Service exists.' },
  ];
  const before = conditionsIn(firstOf(observed.status, 'parents'));
  return {
    parents: [
      {
        parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: plan.gateway.name },
        controllerName,
        conditions: dateConditions(verdicts, observed, { nowMs, before }),
      },
    ],
  };
}

function dateConditions(verdicts: Verdict[], { generation }: Observed, { nowMs, before }: { nowMs: number; before: Dated[] }): GatewayCondition[] {
  return verdicts.map(({ type, holds, reason, message }) => {
    const status = holds ? 'True' : 'False';
    const earlier = before.find((condition) => condition.type === type);
    const lastTransitionTime = earlier?.status === status ? earlier.lastTransitionTime : formatTime(nowMs);
    return { type, status, reason, message, observedGeneration: generation, lastTransitionTime };
  });
}

/** What we wrote earlier, read back. */
function firstOf(status: Record<string, unknown> | undefined, list: string): Record<string, unknown> | undefined {
  const entries: unknown = status?.[list];
  const first: unknown = Array.isArray(entries) ? entries[0] : undefined;
  return isRecord(first) ? first : undefined;
}

function conditionsIn(holder: Record<string, unknown> | undefined): Dated[] {
  const conditions: unknown = holder?.['conditions'];
  return Array.isArray(conditions) ? conditions.filter(isDated) : [];
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isDated = (value: unknown): value is Dated => isRecord(value) && typeof value['lastTransitionTime'] === 'string';
