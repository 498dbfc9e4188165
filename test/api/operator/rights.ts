/** That the operator has the rights that it needs, in the namespaces that it is for, and no others. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import {
  apply,
  createNamespace,
  deployment,
  gatewayApiFolder,
  stickyWorkload,
  untilGone,
  untilReason,
  untilThere,
} from '../../support/api-world.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { getObject, listObjects } from '../../support/objects.ts';
import { startOperator, type RunningOperator } from '../../support/operator.ts';

const account = 'system:serviceaccount:holdfast-system:holdfast-operator';
const listed = 'rights-listed';
const unlisted = 'rights-unlisted';

/** The labelled pods of a Deployment, which the webhook may have to hold for its StickyWorkload. */
const labelled = (namespace: string): object => {
  const object = deployment(namespace, 'cart') as {
    spec: { template: { metadata: { labels: Record<string, string> } } };
  };
  object.spec.template.metadata.labels['holdfast.dev/inject'] = 'true';
  return object;
};

const scaledRef = { group: 'holdfast.dev', kind: 'HoldfastProxy', name: 'scaled' };
const scaledProxies = (isScaled: boolean): object => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'HoldfastProxy',
  metadata: { namespace: listed, name: 'scaled' },
  spec: isScaled ? { autoscaling: { minReplicas: 2, maxReplicas: 3 } } : {},
});

const gateway = (namespace: string, spec: object = {}): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace, name: 'web' },
  spec: {
    ...spec,
    gatewayClassName: 'holdfast',
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP' },
      { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'certificate' }] } },
    ],
  },
});

async function applyAll(...objects: object[]): Promise<void> {
  for (const object of objects) await apply(object);
}

type Listener = { name: string; conditions: { type: string; reason: string; message: string }[] };

const untilResolved = (reason: string): Promise<{ message: string }> =>
  until(`ResolvedRefs ${reason}`, async () => {
    const listeners = ((await getObject('gateway', 'web', listed))?.status?.['listeners'] ?? []) as Listener[];
    return listeners
      .find(({ name }) => name === 'https')
      ?.conditions.find((condition) => condition.type === 'ResolvedRefs' && condition.reason === reason);
  });

const mayList = (resource: string, namespace: string): Promise<boolean> =>
  kubectl('auth', 'can-i', 'list', resource, '-n', namespace, '--as', account).then(
    () => true,
    () => false,
  );

/** As docs/guide/install.md says, for one namespace. */
async function installNamespaced(): Promise<void> {
  await kubectl('apply', '-k', 'manifests/namespaced');
  // Other tests install the whole cluster's.
  await kubectl(
    'delete',
    'clusterrolebinding',
    'holdfast-operator',
    'holdfast-operator-certificates',
    '--ignore-not-found',
  );
  await kubectl('apply', '-n', listed, '-f', 'manifests/namespaced/namespace.yaml');
  await until('the rights', async () => (await mayList('secrets', listed)) && !(await mayList('pods', unlisted)));
}

/** Follows other tests that have installed Gateway API: a definition that is deleted shortly after its creation can stay for minutes. */
export function describeRights(): void {
  describeWithApi('The operator for some namespaces', () => {
    let operator: RunningOperator;

    beforeAll(async () => {
      await kubectl('apply', '--server-side', '-f', gatewayApiFolder('experimental'));
      for (const namespace of [listed, unlisted]) await createNamespace(namespace);
      await installNamespaced();
      operator = await startOperator('holdfast-system', [listed]);
      for (const namespace of [unlisted, listed]) {
        await applyAll(labelled(namespace), stickyWorkload(namespace, 'cart'), gateway(namespace));
      }
    }, 120_000);
    afterAll(() => operator?.kill());

    test('serves a listed namespace, and its ServiceAccount lacks no right for that', async () => {
      await untilReason(listed, 'cart', 'Programmed', 'ProxyNotReady');
      for (const name of ['holdfast-holdfast', 'web-holdfast']) {
        for (const resource of ['deployment', 'service', 'serviceaccount', 'poddisruptionbudget']) {
          await untilThere(resource, name, listed);
        }
      }
      expect((await untilResolved('InvalidCertificateRef')).message).toContain('does not exist');
      const [pod] = await until('a pod', async () =>
        listObjects('pods', listed, 'app=cart').then((pods) => pods[0] && pods),
      );
      expect(JSON.stringify(pod?.spec)).toContain('holdfast-sidecar');
      expect(operator.denied()).toEqual([]);
    });

    test('deletes what it has created and what is no longer wanted', async () => {
      await apply(scaledProxies(true));
      await apply(gateway(listed, { infrastructure: { parametersRef: scaledRef } }));
      await untilThere('horizontalpodautoscaler', 'web-holdfast', listed);
      await apply(scaledProxies(false));
      await untilGone('horizontalpodautoscaler', 'web-holdfast', listed);
      await untilThere('httproute', 'cart', listed);
      await apply(stickyWorkload(listed, 'cart', { route: { kind: 'None' } }));
      await untilGone('httproute', 'cart', listed);
      expect(operator.denied()).toEqual([]);
    });

    test('neither reads nor writes another one', async () => {
      await until('a pod', async () => (await listObjects('pods', unlisted, 'app=cart'))[0]);
      expect(await getObject('service', 'cart', unlisted)).toBeUndefined();
      expect((await getObject('stickyworkload', 'cart', unlisted))?.status).toBeUndefined();
      expect(JSON.stringify((await getObject('gateway', 'web', unlisted))?.status ?? {})).not.toContain('holdfast');
      expect(operator.denied()).toEqual([]);
    });

    test('has no right in another namespace but those that have no namespace', async () => {
      const mine = (await kubectl('auth', 'can-i', '--list', '--no-headers', '-n', unlisted, '--as', account)).split(
        '\n',
      );
      const resources = mine
        .map((line) => line.split(/\s+/)[0] ?? '')
        .filter((name) => name.includes('.') || /^[a-z]/.test(name));
      expect(new Set(resources)).toEqual(
        new Set([
          'customresourcedefinitions.apiextensions.k8s.io',
          'gatewayclasses.gateway.networking.k8s.io',
          'gatewayclasses.gateway.networking.k8s.io/status',
          'mutatingwebhookconfigurations.admissionregistration.k8s.io',
          'namespaces',
          'nodes',
          'selfsubjectaccessreviews.authorization.k8s.io',
          'selfsubjectreviews.authentication.k8s.io',
          'selfsubjectrulesreviews.authorization.k8s.io',
          'tokenreviews.authentication.k8s.io',
        ]),
      );
    });
  });

  describeWithApi('The operator without the right to read certificates', () => {
    let operator: RunningOperator;

    beforeAll(async () => {
      await createNamespace(listed);
      await installNamespaced();
      await kubectl('delete', 'rolebinding', 'holdfast-operator-certificates', '-n', listed);
      await until('the rights', async () => !(await mayList('secrets', listed)));
      operator = await startOperator('holdfast-system', [listed]);
      await applyAll(
        deployment(listed, 'plain'),
        stickyWorkload(listed, 'plain', { route: { hostnames: ['plain.example'] } }),
        gateway(listed),
      );
    }, 120_000);
    afterAll(() => operator?.kill());

    test('reports at each HTTPS listener what it needs, and serves everything else', async () => {
      const unreadable = await until('the reason', async () => {
        const condition = await untilResolved('InvalidCertificateRef');
        return condition.message.includes('cannot read') && condition;
      });
      expect(unreadable.message).toContain('grant it list and watch on Secrets');
      await untilReason(listed, 'plain', 'Programmed', 'ProxyNotReady');
      await untilThere('service', 'plain', listed);
      expect(operator.denied().filter((line) => !line.includes('/secrets'))).toEqual([]);
    });
  });
}
