/** pods/binding: assigns a pod to a node. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { StatusError } from '../../status-error.ts';
import { type Cluster, isoSeconds, type WriteRequest } from '../cluster.ts';
import { objectAt, objectsAt, textAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { changeObject, type Proposal } from '../writes/update.ts';

export async function bindPod(
  cluster: Cluster,
  { kind, ref }: { kind: Kind; ref: ObjectRef },
  body: unknown,
  request: WriteRequest,
): Promise<void> {
  const nodeName = textAt(body, 'target', 'name');
  const propose = (current: KubeObject): Proposal => {
    const assigned = textAt(current, 'spec', 'nodeName');
    if (assigned !== '') {
      const reason = `pod ${ref.name} is already assigned to node "${assigned}"`;
      throw new StatusError('Conflict', `Operation cannot be fulfilled on pods/binding "${ref.name}": ${reason}`, {
        name: ref.name,
        kind: 'pods/binding',
      });
    }
    return { object: { ...current, spec: { ...objectAt(current, 'spec'), nodeName } } };
  };
  await changeObject(cluster, { kind, ref, propose }, request);
  const condition = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: isoSeconds(cluster.clock.nowMs()),
  };
  const proposeStatus = (current: KubeObject): Proposal => {
    const others = objectsAt(current, 'status', 'conditions').filter(({ type }) => type !== condition.type);
    return { object: { ...current, status: { ...objectAt(current, 'status'), conditions: [...others, condition] } } };
  };
  await changeObject(cluster, { kind, ref, subresource: 'status', propose: proposeStatus }, request);
}
