/** How the pods of a StickyWorkload are reached: through its own Service, or through one that a user wrote. */
import type { ServingPlan } from '../resolve/plan.ts';
import type { ServicePort, Slice } from '../snapshot/snapshot.ts';
import { sightEndpoints, sightPods, type Sighting } from './sightings.ts';

/** `slices`: of the Service. `port`: one of its ports, if a user wrote it; that of a StickyWorkload has one. */
export type Reach = { slices: readonly Slice[]; port?: ServicePort };

export type Reached = {
  /** By pod UID. */
  sightings: ReadonlyMap<string, Sighting>;
  targetPort: ServingPlan['targetPort'];
  /** Whether the Service decides which pods are endpoints: its user may select more than those of the target. */
  selects: boolean;
  /** `own`: what the pod itself declares. */
  portOf(own: number | undefined, seen: Sighting | undefined): number | undefined;
};

export function readReach({ slices, port }: Reach, plan: ServingPlan): Reached {
  if (port === undefined) {
    const [first] = slices.flatMap(({ ports }) => ports.slice(0, 1));
    return {
      sightings: sightPods(slices),
      targetPort: plan.targetPort,
      selects: false,
      // A slice of this Service has one number for the pods of several templates.
      portOf: (own, seen) => own ?? seen?.port ?? first?.port,
    };
  }
  const [first] = slices.flatMap(({ ports }) => ports.filter(({ name }) => name === port.name));
  return {
    sightings: sightEndpoints(slices, port.name),
    targetPort: port.targetPort,
    selects: true,
    portOf: (own, seen) => seen?.port ?? own ?? first?.port,
  };
}
