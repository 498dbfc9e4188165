import { expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import {
  apply,
  deployment,
  installOperator,
  stickyWorkload,
  untilGone,
  untilReason,
  untilThere,
} from '../../support/api-world.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { getObject } from '../../support/objects.ts';

const namespace = 'provision';

describeWithApi('The objects of a StickyWorkload', () => {
  installOperator(namespace, async () => {
    await apply(stickyWorkload(namespace, 'cart'));
    await apply(deployment(namespace, 'cart'));
    await untilReason(namespace, 'cart', 'Programmed', 'ProxyNotReady');
  });

  test('a StickyWorkload gets a Service for its pods and a proxy with its objects', async () => {
    const service = await untilThere('service', 'cart', namespace);
    expect(service.spec).toMatchObject({ selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 8080 }] });
    for (const resource of ['deployment', 'service', 'serviceaccount', 'poddisruptionbudget']) {
      await untilThere(resource, 'holdfast-holdfast', namespace);
    }
  });

  test('an edited Service is restored', async () => {
    await kubectl(
      'patch',
      'service',
      'cart',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"spec": {"selector": {"app": "other"}}}',
    );
    await until('the selector put back', async () => {
      const selector = (await getObject('service', 'cart', namespace))?.spec?.['selector'] as Record<string, string>;
      return selector['app'] === 'cart';
    });
  });

  test('a deleted Service is recreated', async () => {
    const before = await untilThere('service', 'cart', namespace);
    await kubectl('delete', 'service', 'cart', '-n', namespace);
    await until('another Service', async () => {
      const after = await getObject('service', 'cart', namespace);
      return after !== undefined && after.metadata.uid !== before.metadata.uid;
    });
  });

  test('an idle operator writes nothing', async () => {
    const version = async () => [
      (await untilThere('stickyworkload', 'cart', namespace)).metadata['resourceVersion' as never],
      (await untilThere('service', 'cart', namespace)).metadata['resourceVersion' as never],
    ];
    const before = await version();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await version()).toEqual(before);
  });

  test('two StickyWorkloads of a namespace share one proxy, which is deleted with the last', async () => {
    await apply(deployment(namespace, 'chat'));
    await apply({
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'HoldfastProxy',
      metadata: { namespace, name: 'three' },
      spec: { replicas: 3 },
    });
    await apply(stickyWorkload(namespace, 'chat', { dataplane: { parametersRef: { name: 'three' } } }));
    await until(
      'three replicas of the proxy',
      async () => (await getObject('deployment', 'holdfast-holdfast', namespace))?.spec?.['replicas'] === 3,
    );
    await kubectl('delete', 'stickyworkload', 'chat', '-n', namespace);
    await until(
      'two replicas again',
      async () => (await getObject('deployment', 'holdfast-holdfast', namespace))?.spec?.['replicas'] === 2,
    );
    await kubectl('delete', 'stickyworkload', 'cart', '-n', namespace);
    for (const [resource, name] of [
      ['service', 'cart'],
      ['deployment', 'holdfast-holdfast'],
      ['service', 'holdfast-holdfast'],
    ] as const) {
      await untilGone(resource, name, namespace);
    }
  }, 90_000);
});
