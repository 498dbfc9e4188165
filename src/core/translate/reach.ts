/** How the pods of a StickyWorkload are reached: through its own Service, or through one that a user wrote. */
import type { ServingPlan } from '../resolve/plan.ts';
import type { ServicePort } from '../snapshot/snapshot.ts';
import { sightEndpoints, sightPods, type Only, type Sighted, type Sighting } from './sightings.ts';

/** `slices`: of the Service. `port`: one of its ports, if a user wrote it; that of a StickyWorkload has one. */
export type Reach = Sighted & { port?: ServicePort };

export type Reached = {
  /** By pod UID. */
  sightings: ReadonlyMap<string, Sighting>;
  targetPort: ServingPlan['targetPort'];
  /** Whether the Service decides which pods are endpoints: its user may select more than those of the target. */
  selects: boolean;
  /** `own`: what the pod itself declares. */
  portOf(own: number | undefined, seen: Sighting | undefined): number | undefined;
};

/** `only`: the UIDs of the pods to read; absent: all. */
export function readReach(reach: Reach, plan: ServingPlan, only?: Only): Reached {
  const { port } = reach;
  const first = firstPort(reach);
  if (port === undefined) {
    return {
      sightings: sightPods(reach, only),
      targetPort: plan.targetPort,
      selects: false,
      // A slice of this Service has one number for the pods of several templates.
      portOf: (own, seen) => own ?? seen?.port ?? first,
    };
  }
  return {
    sightings: sightEndpoints(reach, port.name, only),
    targetPort: port.targetPort,
    selects: true,
    portOf: (own, seen) => seen?.port ?? own ?? first,
  };
}

/** The number that stands for that of a pod without one. */
export function firstPort({ slices, port }: Reach): number | undefined {
  for (const { ports } of slices) {
    const found = port === undefined ? ports[0] : ports.find(({ name }) => name === port.name);
    if (found) return found.port;
  }
  return undefined;
}
