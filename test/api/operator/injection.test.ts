import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import { apply, createNamespace, deployment, stickyWorkload, untilReason } from '../../support/api-world.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { isInjected, listObjects } from '../../support/objects.ts';
import { startOperator, type RunningOperator } from '../../support/operator.ts';

const namespace = 'injection';
const podsOf = (app: string) => listObjects('pods', namespace, `app=${app}`);
const firstPodOf = (app: string) => until(`a pod of ${app}`, async () => (await podsOf(app))[0]);

const webhookNames = async (): Promise<string[]> => {
  const { webhooks } = JSON.parse(await kubectl('get', 'mutatingwebhookconfiguration', 'holdfast', '-o', 'json')) as {
    webhooks?: { name: string }[];
  };
  return (webhooks ?? []).map(({ name }) => name);
};

/** Runs `create` under the definition of an earlier version, which had no rule for the name of the target. */
async function withoutRules(create: () => Promise<void>): Promise<void> {
  const path =
    '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/targetRef/properties/name/x-kubernetes-validations';
  const patch = JSON.stringify([{ op: 'remove', path }]);
  await kubectl('patch', 'crd', 'stickyworkloads.holdfast.dev', '--type=json', '-p', patch);
  await until('the earlier definition', () =>
    create().then(
      () => true,
      () => undefined,
    ),
  );
  await kubectl('apply', '-k', 'crds');
}

describeWithApi('Injection at admission', () => {
  let operator: RunningOperator;

  beforeAll(async () => {
    await kubectl('apply', '-k', 'manifests/base');
    await createNamespace(namespace);
    operator = await startOperator('holdfast-system');
  }, 60_000);

  afterAll(() => operator?.kill());

  test('earlier pods are reported, and get the sidecar when the user replaces them', async () => {
    await apply(deployment(namespace, 'before'));
    expect(isInjected(await firstPodOf('before'))).toBe(false);
    await apply(stickyWorkload(namespace, 'before'));
    const condition = await untilReason(namespace, 'before', 'Injected', 'PodsNotInjected');
    expect(condition.message).toContain('kubectl rollout restart deployment/before -n injection');
    await kubectl('delete', 'pod', '-n', namespace, '-l', 'app=before');
    await untilReason(namespace, 'before', 'Injected', 'Injected');
    expect(isInjected(await firstPodOf('before'))).toBe(true);
  });

  test('pods that are created together with their StickyWorkload get the sidecar, by their label', async () => {
    const labelled = deployment(namespace, 'labelled') as {
      spec: { template: { metadata: { labels: Record<string, string> } } };
    };
    labelled.spec.template.metadata.labels['holdfast.dev/inject'] = 'true';
    await apply({ apiVersion: 'v1', kind: 'List', items: [stickyWorkload(namespace, 'labelled'), labelled] });
    expect(isInjected(await firstPodOf('labelled'))).toBe(true);
  });

  test('the webhook is not called for pods of other Deployments', async () => {
    const before = new Map(operator.injections);
    await apply(deployment(namespace, 'stranger'));
    expect(isInjected(await firstPodOf('stranger'))).toBe(false);
    expect(operator.injections).toEqual(before);
  });

  test('injection adds the sidecar, the hook of the application and a grace period for the longest drain', async () => {
    const { spec } = await firstPodOf('labelled');
    expect(spec).toMatchObject({
      terminationGracePeriodSeconds: 3600 + 5 + 30 + 5,
      initContainers: [
        {
          name: 'holdfast-sidecar',
          restartPolicy: 'Always',
          image: 'holdfast:test',
          securityContext: { runAsNonRoot: true, readOnlyRootFilesystem: true },
        },
      ],
      containers: [{ name: 'app', lifecycle: { preStop: { httpGet: { path: '/prestop/app', port: 15999 } } } }],
    });
  });

  test('a StickyWorkload whose target name is an expression stops no injection, even if it is older than the schema', async () => {
    const bad = (name: string, target: string) =>
      stickyWorkload('evil', name, { targetRef: { kind: 'Deployment', name: target } });
    await createNamespace('evil');
    await expect(apply(bad('refused', "x'"))).rejects.toThrow(
      /spec\.targetRef\.name: Invalid value.*must be the name of an object/s,
    );
    await withoutRules(async () => {
      await apply(bad('quote', "x'"));
      await apply(bad('match-all', "x'] == ['y'] || true || ['z"));
      await apply(bad('line', 'a\nb'));
    });
    await untilReason('evil', 'quote', 'Accepted', 'InvalidTargetName');
    const shop = await createNamespace('injection-beside-evil');
    await apply(stickyWorkload(shop, 'cart'));
    await until('an entry for the new namespace', async () =>
      (await webhookNames()).includes(`${shop}.inject.holdfast.dev`),
    );
    await apply(deployment(shop, 'cart'));
    await until('an injected pod', async () => (await listObjects('pods', shop, 'app=cart')).some(isInjected));
    expect(await webhookNames()).not.toContain('evil.inject.holdfast.dev');
  }, 60_000);

  test('the NetworkPolicies for namespaces are valid', async () => {
    const folder = 'manifests/network-policies/namespace.yaml';
    expect(await kubectl('apply', '-n', namespace, '--dry-run=server', '-f', folder)).toContain(
      'holdfast-sidecars created',
    );
  });

  test('pods start while the operator is unavailable', async () => {
    await operator.kill();
    await apply(deployment(namespace, 'alone'));
    await kubectl('delete', 'pod', '-n', namespace, '-l', 'app=before');
    await until('a new pod without the sidecar', async () => {
      const pods = await podsOf('before');
      return pods.length === 1 && !pods.some(isInjected);
    });
    operator = await startOperator('holdfast-system');
    await untilReason(namespace, 'before', 'Injected', 'PodsNotInjected');
  }, 60_000);
});
