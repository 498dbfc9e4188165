import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import {
  apply,
  createNamespace,
  deployment,
  stickyWorkload,
  untilGone,
  untilInjecting,
  untilReason,
  untilThere,
} from '../../support/api-world.ts';
import { kubectl, kubectlInput, until } from '../../support/kubectl.ts';
import { conditionOf, getObject, isInjected, listObjects } from '../../support/objects.ts';
import { startOperator, type RunningOperator } from '../../support/operator.ts';

describeWithApi('A StickyWorkload that is deleted while a pod drains', () => {
  const namespace = 'deleted';
  let operator: RunningOperator;

  beforeAll(async () => {
    await kubectl('apply', '-k', 'manifests/base');
    await createNamespace(namespace);
    // Pods on it never start, and terminate only when the test deletes them.
    await kubectlInput('{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ghost"}}', 'apply', '-f', '-');
    operator = await startOperator('holdfast-system');
    await untilInjecting(operator, namespace);
    const target = deployment(namespace, 'cart') as {
      spec: { template: { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> } };
    };
    target.spec.template.metadata.labels['holdfast.dev/inject'] = 'true';
    target.spec.template.spec['nodeName'] = 'ghost';
    await apply({ apiVersion: 'v1', kind: 'List', items: [stickyWorkload(namespace, 'cart'), target] });
    await untilThere('service', 'cart', namespace);
  }, 120_000);

  afterAll(async () => {
    await operator?.kill();
    await kubectl('delete', 'node', 'ghost', '--ignore-not-found');
  });

  const finalizersOf = async () =>
    ((await getObject('stickyworkload', 'cart', namespace))?.metadata as { finalizers?: string[] } | undefined)
      ?.finalizers;

  test('stays with its objects until the pod is removed, and is then deleted with them', async () => {
    const pod = await until('a pod', async () => (await listObjects('pods', namespace, 'app=cart'))[0]);
    expect(isInjected(pod)).toBe(true);
    expect(await finalizersOf()).toBeUndefined();
    await kubectl('delete', 'pod', pod.metadata.name, '-n', namespace, '--wait=false');
    await until('the finalizer', async () => (await finalizersOf())?.includes('holdfast.dev/drain'));

    await kubectl('delete', 'stickyworkload', 'cart', '-n', namespace, '--wait=false');
    await untilReason(namespace, 'cart', 'Programmed', 'Deleting');
    expect(conditionOf(await getObject('stickyworkload', 'cart', namespace), 'Programmed')?.message).toContain(
      pod.metadata.name,
    );
    expect(await getObject('service', 'cart', namespace)).toBeDefined();
    expect(await getObject('deployment', 'holdfast-holdfast', namespace)).toBeDefined();

    await kubectl('delete', 'pod', pod.metadata.name, '-n', namespace, '--force', '--grace-period=0');
    await untilGone('stickyworkload', 'cart', namespace);
    await untilGone('service', 'cart', namespace);
    await untilGone('deployment', 'holdfast-holdfast', namespace);
  }, 180_000);
});
