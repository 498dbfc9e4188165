/** Binds pods to nodes. All nodes are this machine, so that nothing but cordons and fairness is looked at. */
import { nodes, pods } from '../../../../src/kube/resources.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import { conditionOf, withCondition } from '../conditions.ts';
import type { Condition, Node, Pod } from '../objects.ts';
import { asNode, asPod, keyOf } from '../objects.ts';
import { isActive } from '../pods.ts';

const controller = 'default-scheduler';

const mayTakePods = ({ metadata, spec }: Node): boolean =>
  spec?.unschedulable !== true && metadata.deletionTimestamp === undefined;
/** For this scheduler; pods of others are left to them. */
const isWaiting = (pod: Pod): boolean =>
  isActive(pod) && (pod.spec.nodeName ?? '') === '' && (pod.spec.schedulerName ?? controller) === controller;

/** The one with the fewest pods; undefined where every node is cordoned or there is none. */
function decideNode(candidates: readonly Node[], all: readonly Pod[]): string | undefined {
  const load = (name: string): number => all.filter((pod) => pod.spec.nodeName === name && isActive(pod)).length;
  const names = candidates.filter(mayTakePods).map(({ metadata }) => metadata.name);
  return names.toSorted((a, b) => load(a) - load(b) || a.localeCompare(b))[0];
}

/** One key for all pods: each choice must see the one before it. */
const everyPod = 'pods';

export function createScheduler(tools: Tools): Controller {
  const { api, events } = tools;

  async function reconcile(): Promise<undefined> {
    for (const pod of api.list(pods).map(asPod).filter(isWaiting)) await schedule(pod);
  }

  async function schedule(pod: Pod): Promise<void> {
    const nodeName = decideNode(api.list(nodes).map(asNode), api.list(pods).map(asPod));
    if (nodeName === undefined) {
      await tellUnschedulable(tools, pod);
      return;
    }
    await unlessGone(api.patch(pods, pod.metadata, { spec: { nodeName } }));
    const note = `Successfully assigned ${keyOf(pod)} to ${nodeName}`;
    events(pod, { controller, type: 'Normal', reason: 'Scheduled', action: 'Binding', note });
  }

  return {
    name: controller,
    watches: [
      {
        resource: pods,
        keys: ({ type, object }) => (type !== 'DELETED' && isWaiting(asPod(object)) ? [everyPod] : []),
      },
      // A node that comes, or is uncordoned, is what waiting pods wait for.
      { resource: nodes, keys: ({ object }) => (mayTakePods(asNode(object)) ? [everyPod] : []) },
    ],
    reconcile,
  };
}

async function tellUnschedulable({ api, clock, events }: Tools, pod: Pod): Promise<void> {
  const count = api.list(nodes).length;
  const message =
    count === 0
      ? 'no nodes available to schedule pods'
      : `0/${count} nodes are available: ${count} node(s) were unschedulable.`;
  if (conditionOf(pod.status?.conditions, 'PodScheduled')?.message === message) return;
  const condition: Condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
  await unlessGone(
    api.patch(
      pods,
      pod.metadata,
      { status: { conditions: withCondition(pod.status?.conditions, condition, clock.nowMs()) } },
      'status',
    ),
  );
  events(pod, { controller, type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note: message });
}
