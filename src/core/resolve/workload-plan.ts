/** The plan of an accepted StickyWorkload. */
import type { DrainLimits } from '../drain/state.ts';
import type { RouteIR } from '../route/ir.ts';
import type { Target } from '../snapshot/snapshot.ts';
import type { GatewayRef, ServingPlan } from './plan.ts';

/** What the owned objects need in addition: only an accepted StickyWorkload has it. */
export type WorkloadPlan = ServingPlan & {
  /** The first of its Gateways that accepts the route: the status reports the proxy of this one. */
  gateway: GatewayRef;
  /** Its own route, on those of the requested Gateways that Holdfast manages: its HTTPRoute refers to no Gateway of another controller. */
  route: RouteIR;
  targetPort: number | string;
  /** Of the newest template. */
  containerPorts: Target['containerPorts'];
  servicePort: number;
  appProtocol: string;
  /** Of the pods, for the Service. */
  selector: Record<string, string>;
  drain: DrainLimits;
  /** Warnings about the target, in sentences. */
  notes: string[];
};
