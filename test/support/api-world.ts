/** Objects for operator tests in a cluster without nodes: Deployments whose pods never run, StickyWorkloads, pods created by the test. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { kubectl, kubectlInput, until } from './kubectl.ts';
import { conditionOf, getObject, type LiveObject } from './objects.ts';
import { startOperator, type RunningOperator } from './operator.ts';

export const gatewayApiFolder = (channel: 'experimental' | 'standard'): string =>
  `${process.env['HOLDFAST_CLUSTER_TOOLS'] ?? new URL('../../../shared/cluster', import.meta.url).pathname}/gateway-api/${channel}`;

/** Prepares the tests of a `describe`: Holdfast as its manifests install it, a namespace, and an operator in this process; then runs `prepare`. */
export function installOperator(
  namespace: string,
  prepare: () => Promise<unknown> = () => Promise.resolve(),
): () => RunningOperator {
  let operator: RunningOperator | undefined;
  beforeAll(async () => {
    await kubectl('apply', '-k', 'manifests/base');
    await createNamespace(namespace);
    operator = await startOperator('holdfast-system');
    await prepare();
  }, 120_000);
  afterAll(async () => {
    await operator?.kill();
    expect(operator?.denied()).toEqual([]);
  });
  return () => {
    if (operator === undefined) throw new Error('the operator has not started');
    return operator;
  };
}

export async function createNamespace(name: string): Promise<string> {
  await kubectlInput(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "${name}"}}`, 'apply', '-f', '-');
  return name;
}

export const apply = (object: object): Promise<string> => kubectlInput(JSON.stringify(object), 'apply', '-f', '-');

export function deployment(
  namespace: string,
  name: string,
  ports: object[] = [{ name: 'http', containerPort: 8080 }],
): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'app:test', ports }] },
      },
    },
  };
}

export const stickyWorkload = (namespace: string, name: string, spec: object = {}): object => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'StickyWorkload',
  metadata: { namespace, name },
  spec: { targetRef: { kind: 'Deployment', name }, ...spec },
});

export type Condition = { status: string; reason: string; message: string };

/** Resolves with the condition when it has this reason. */
export async function untilReason(namespace: string, name: string, type: string, reason: string): Promise<Condition> {
  return until(`${type} ${reason} of ${name}`, async () => {
    const condition = conditionOf(await getObject('stickyworkload', name, namespace), type);
    return condition?.reason === reason ? condition : undefined;
  });
}

export const untilThere = (resource: string, name: string, namespace: string): Promise<LiveObject> =>
  until(`${resource} ${name}`, () => getObject(resource, name, namespace));

export const untilGone = (resource: string, name: string, namespace: string): Promise<true> =>
  until(`${resource} ${name} gone`, async () =>
    (await getObject(resource, name, namespace)) === undefined ? (true as const) : undefined,
  );

/**
 * Resolves when the API server calls the webhook of this operator. It starts after `startOperator` has returned: the lease of an earlier replica
 * may have to expire first, and the API server sees a new configuration later than its writer. Pods created until then get no sidecar.
 */
export async function untilInjecting(operator: RunningOperator, namespace: string): Promise<void> {
  const probe = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name: 'probe', labels: { 'holdfast.dev/inject': 'true' } },
    spec: { containers: [{ name: 'app', image: 'app:test' }] },
  };
  const count = (): number => [...operator.injections.values()].reduce((sum, calls) => sum + calls, 0);
  const before = count();
  await until('a call of the webhook', async () => {
    await kubectlInput(JSON.stringify(probe), 'create', '--dry-run=server', '-f', '-');
    return count() > before;
  });
}

/** Events about an object, as `reason: note`. */
export async function eventsAbout(namespace: string, name: string): Promise<string[]> {
  const text = await kubectl('get', 'events.events.k8s.io', '-n', namespace, '-o', 'json');
  const { items } = JSON.parse(text) as { items: { regarding?: { name?: string }; reason?: string; note?: string }[] };
  return items.filter(({ regarding }) => regarding?.name === name).map(({ reason, note }) => `${reason}: ${note}`);
}
