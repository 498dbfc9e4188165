/** pods/eviction: a deletion that the disruption budgets of the pod must allow. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { StatusError } from '../../status-error.ts';
import { matchesLabels, readLabelSelector } from '../../store/label-selector.ts';
import { type Cluster, getObject, isoSeconds, type WriteRequest } from '../cluster.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { deleteObject, type Deletion } from '../writes/delete.ts';
import { changeObject, type Proposal } from '../writes/update.ts';

const budgetsShelf = 'policy/poddisruptionbudgets';
const refused = "Cannot evict pod as it would violate the pod's disruption budget.";

export async function evictPod(
  cluster: Cluster,
  { kind, ref }: { kind: Kind; ref: ObjectRef },
  deletion: Deletion,
  request: WriteRequest,
): Promise<void> {
  const pod = getObject(cluster, kind, ref);
  if (isGuarded(pod)) takeFromBudget(cluster, pod, request);
  if (!request.dryRun) await markEvicted(cluster, { kind, ref }, request);
  await deleteObject(cluster, { kind, ref }, deletion, request);
}

/** Pods that do not run, or end already, are no loss to a budget. */
function isGuarded(pod: KubeObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return (
    pod.metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Pending'
  );
}

function takeFromBudget({ store, clock }: Cluster, pod: KubeObject, { dryRun }: WriteRequest): void {
  const budgets = store.list(budgetsShelf, pod.metadata.namespace).filter((budget) => {
    const selector = readLabelSelector(valueAt(budget, 'spec', 'selector'));
    return selector !== undefined && matchesLabels(selector, pod.metadata.labels);
  });
  const [budget, ...others] = budgets;
  if (budget === undefined) return;
  if (others.length > 0) {
    throw new StatusError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const isReady = objectsAt(pod, 'status', 'conditions').some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
  if (
    !isReady &&
    (numberAt(budget, 'status', 'currentHealthy') ?? 0) >= (numberAt(budget, 'status', 'desiredHealthy') ?? 0)
  ) {
    return;
  }
  checkBudget(budget);
  if (dryRun) return;
  // Counted at once: the next eviction must not find the same room before the controller has looked.
  const allowed = (numberAt(budget, 'status', 'disruptionsAllowed') ?? 0) - 1;
  const disruptedPods = {
    ...objectAt(budget, 'status', 'disruptedPods'),
    [pod.metadata.name]: isoSeconds(clock.nowMs()),
  };
  store.replace(budgetsShelf, budget, {
    ...budget,
    status: { ...objectAt(budget, 'status'), disruptionsAllowed: allowed, disruptedPods },
  });
}

function checkBudget(budget: KubeObject): void {
  const seen = numberAt(budget, 'status', 'observedGeneration') ?? 0;
  if (seen < (budget.metadata.generation ?? 0)) {
    const message = `The disruption budget ${budget.metadata.name} is still being processed by the server.`;
    throw new StatusError('TooManyRequests', refused, {
      causes: [{ reason: 'DisruptionBudget', message, field: '' }],
      retryAfterSeconds: 10,
    });
  }
  if ((numberAt(budget, 'status', 'disruptionsAllowed') ?? 0) > 0) return;
  const needed = numberAt(budget, 'status', 'desiredHealthy') ?? 0;
  const healthy = numberAt(budget, 'status', 'currentHealthy') ?? 0;
  const message = `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`;
  throw new StatusError('TooManyRequests', refused, { causes: [{ reason: 'DisruptionBudget', message, field: '' }] });
}

function markEvicted(
  cluster: Cluster,
  { kind, ref }: { kind: Kind; ref: ObjectRef },
  request: WriteRequest,
): Promise<KubeObject> {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastTransitionTime: isoSeconds(cluster.clock.nowMs()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  const propose = (current: KubeObject): Proposal => {
    const others = objectsAt(current, 'status', 'conditions').filter(({ type }) => type !== condition.type);
    return { object: { ...current, status: { ...objectAt(current, 'status'), conditions: [...others, condition] } } };
  };
  return changeObject(cluster, { kind, ref, subresource: 'status', propose }, request);
}
