/** Which pods are followed by another of the same name, which continues their sessions. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';
import type { Target } from '../snapshot/snapshot.ts';

export type EndpointIdentity = 'PodName' | 'PodUID';

/** The default depends on the kind of the target: the API server cannot set it. */
export const endpointIdentityOf = ({
  sessionPersistence,
  targetRef,
}: Pick<StickyWorkloadSpec, 'sessionPersistence' | 'targetRef'>): EndpointIdentity =>
  sessionPersistence.endpointIdentity ?? (targetRef.kind === 'StatefulSet' ? 'PodName' : 'PodUID');

/** Returns the names of the pods that a StatefulSet has, or creates again. */
export const podNamesOf = (target: Target | undefined): string[] =>
  Array.from({ length: target?.ordinals?.replicas ?? 0 }, (_, at) => {
    const start = target?.ordinals?.start ?? 0;
    return `${target?.name ?? ''}-${start + at}`;
  });

/** Whether the sessions of a pod wait for the next pod of its name. After a scale-down there is none. */
export const hasSuccessor = (pod: string, spec: StickyWorkloadSpec, target: Target | undefined): boolean =>
  endpointIdentityOf(spec) === 'PodName' && podNamesOf(target).includes(pod);
