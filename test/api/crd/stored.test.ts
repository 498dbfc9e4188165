import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { StickyWorkload } from '../../../src/api/stickyworkload.ts';
import { describeWithApi } from '../../support/api-server.ts';
import { kubectl, kubectlInput } from '../../support/kubectl.ts';
import { installCrd, submitChange } from './submit.ts';

const name = 'crd-stored';
const manifest = JSON.stringify({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'StickyWorkload',
  metadata: { name, namespace: 'default' },
  spec: { targetRef: { kind: 'Deployment', name: 'cart' }, replicas: 3 },
});

const status = {
  observedGeneration: 1,
  replicas: 2,
  selector: 'app=cart',
  acceptingReplicas: 2,
  drainingReplicas: 1,
  sessions: { active: 42, draining: 7 },
  conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: 'New sessions are accepted.', lastTransitionTime: '2026-01-01T00:00:00Z' }],
};

const read = async (): Promise<StickyWorkload> => JSON.parse(await kubectl('get', 'sw', name, '-o', 'json')) as StickyWorkload;
const writeStatus = (value: object) => kubectl('patch', 'sw', name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status: value }));
const table = async (...options: string[]) => (await kubectl('get', 'sw', name, ...options)).trimEnd().split('\n').map((line) => line.split(/\s{2,}/));

describeWithApi('a stored StickyWorkload', () => {
  beforeAll(installCrd);
  beforeEach(async () => {
    await kubectlInput(manifest, 'create', '-f', '-');
  });
  afterEach(async () => {
    await kubectl('delete', 'sw', name);
  });

  test('its target cannot be changed', async () => {
    const verdict = await submitChange(await read(), { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' } });
    expect(verdict).toEqual({ refused: [{ field: 'spec.targetRef', message: expect.stringContaining('targetRef is immutable') }] });
  });

  test('everything else can be changed', async () => {
    expect(await submitChange(await read(), { replicas: 5, drain: { timeout: '2h' } })).toHaveProperty('accepted.spec.replicas', 5);
  });

  test('its status is written apart from the spec, and does not count as a new generation', async () => {
    await writeStatus(status);
    await kubectl('patch', 'sw', name, '--type=merge', '-p', JSON.stringify({ status: { replicas: 99 } }));
    const stored = await read();
    expect(stored.status).toEqual(status);
    expect(stored.metadata.generation).toBe(1);
  });

  test('kubectl scale and autoscalers work through /scale', async () => {
    await writeStatus(status);
    await kubectl('scale', 'sw', name, '--replicas=7');
    const scale: unknown = JSON.parse(await kubectl('get', '--raw', `/apis/holdfast.dev/v1alpha1/namespaces/default/stickyworkloads/${name}/scale`));
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 7 }, status: { replicas: 2, selector: 'app=cart' } });
    expect((await read()).spec.replicas).toBe(7);
  });

  test('kubectl get shows what matters', async () => {
    await writeStatus(status);
    expect(await table()).toEqual([
      ['NAME', 'READY', 'ACCEPTING', 'DRAINING', 'SESSIONS', 'AGE'],
      [name, 'True', '2', '1', '42', expect.stringMatching(/^\d+s$/)],
    ]);
  });

  test('kubectl get -o wide shows why, too', async () => {
    const [ready] = status.conditions;
    await writeStatus({ ...status, conditions: [{ ...ready, status: 'False', reason: 'NoPodAccepting' }] });
    expect((await table('-o', 'wide'))[1]).toEqual([name, 'False', '2', '1', '42', 'NoPodAccepting', expect.stringMatching(/^\d+s$/)]);
  });

  test('kubectl explain tells what a field is for', async () => {
    expect(await kubectl('explain', 'sw.spec.drain.timeout')).toContain('Hard limit.');
  });

  test('it is listed in the category holdfast', async () => {
    expect(await kubectl('get', 'holdfast', '-o', 'name')).toContain(`stickyworkload.holdfast.dev/${name}`);
  });
});
