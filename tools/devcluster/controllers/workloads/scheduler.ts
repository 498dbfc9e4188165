/** Binds pods to the first node that is not cordoned. All nodes are this machine, so neither resources nor labels are compared. */
import { nodes, pods } from '../../../../src/kube/resources.ts';
import type { Controller, Tools } from '../controller.ts';
import { unlessGone } from '../controller.ts';
import type { Node, Pod } from '../objects.ts';
import { asNode, asPod, keyOf } from '../objects.ts';
import { isActive } from '../pods.ts';

const controller = 'default-scheduler';

const isCordoned = ({ spec }: Node): boolean => spec?.unschedulable === true;

/** Pods of another scheduler are left to it. */
const isWaiting = (pod: Pod): boolean =>
  isActive(pod) && (pod.spec.nodeName ?? '') === '' && (pod.spec.schedulerName ?? controller) === controller;

export function createScheduler({ api, events }: Tools): Controller {
  async function reconcile(): Promise<void> {
    const node = api
      .list(nodes)
      .map(asNode)
      .find((one) => !isCordoned(one));
    if (node === undefined) return;
    for (const pod of api.list(pods).map(asPod).filter(isWaiting)) {
      await unlessGone(api.patch(pods, pod.metadata, { spec: { nodeName: node.metadata.name } }));
      const note = `Successfully assigned ${keyOf(pod)} to ${node.metadata.name}`;
      events(pod, { controller, type: 'Normal', reason: 'Scheduled', action: 'Binding', note });
    }
  }

  const everyPod = ['pods'];
  return {
    name: controller,
    watches: [
      { resource: pods, keys: ({ type, object }) => (type !== 'DELETED' && isWaiting(asPod(object)) ? everyPod : []) },
      { resource: nodes, keys: () => everyPod },
    ],
    reconcile,
  };
}
