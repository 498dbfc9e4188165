/** Stock kubectl against the API server of the devcluster. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pods } from '../../../../../src/kube/resources.ts';
import { serviceAccounts, startWorld, type World } from './world.ts';

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const declare = hasKubectl ? describe : describe.skip;
const reason = hasKubectl ? '' : ' [skipped: there is no kubectl; get one from kubernetes.io/docs/tasks/tools]';

const deployment = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'app:1' }] } },
  },
});

type Outcome = { code: number; out: string; err: string };

declare(`kubectl${reason}`, () => {
  let world: World;
  let folder: string;

  beforeAll(async () => {
    world = await startWorld();
    folder = mkdtempSync(join(tmpdir(), 'holdfast-kubectl-'));
    writeFileSync(join(folder, 'kubeconfig'), world.server.kubeconfig());
    await world.server.api.create(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
    });
  });
  afterAll(async () => {
    await world.server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function run(args: readonly string[], input?: object): Promise<Outcome> {
    return new Promise((resolveOutcome, reject) => {
      const env = { ...process.env, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') };
      const child = spawn('kubectl', args, { env });
      const outcome: Outcome = { code: -1, out: '', err: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text));
      child.on('error', reject).on('close', (code) => resolveOutcome({ ...outcome, code: code ?? -1 }));
      child.stdin.end(input === undefined ? '' : JSON.stringify(input));
    });
  }

  /** Runs kubectl until its output matches. */
  function follow(args: readonly string[], wanted: RegExp): { found: Promise<string>; started: Promise<void> } {
    const child = spawn('kubectl', args, {
      env: { ...process.env, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') },
    });
    let out = '';
    const started = new Promise<void>((begin) => child.stdout.once('data', () => begin()));
    const found = new Promise<string>((resolveText, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        if (wanted.test(out)) child.kill();
      });
      child
        .on('error', reject)
        .on('close', () => (wanted.test(out) ? resolveText(out) : reject(new Error(`it printed only: ${out}`))));
    });
    return { found, started };
  }

  /** Returns the output of kubectl, which must succeed. */
  async function kubectl(line: string, input?: object): Promise<string> {
    const { code, out, err } = await run(line.split(' '), input);
    if (code !== 0) throw new Error(`kubectl ${line} ended with ${code}: ${err}`);
    return out;
  }

  test('kubectl apply creates objects, and changes only those that differ', async () => {
    expect(await kubectl('apply -f -', deployment(2))).toBe('deployment.apps/web created\n');
    expect(await kubectl('apply -f -', deployment(2))).toBe('deployment.apps/web unchanged\n');
    const diff = await run(['diff', '--server-side', '--force-conflicts', '-f', '-'], deployment(3));
    expect(diff.code).toBe(1);
    expect(diff.out).toMatch(/-\s+replicas: 2\n\+\s+replicas: 3/);
    expect(await kubectl('apply --server-side --force-conflicts -f -', deployment(3))).toBe(
      'deployment.apps/web serverside-applied\n',
    );
    expect(await kubectl('get deployment web')).toMatch(
      /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/3 +0 +0 +\d+s/,
    );
  });

  test('kubectl apply --server-side reports the manager of a conflicting field', async () => {
    await kubectl('create -f -', { ...deployment(1), metadata: { name: 'owned' } });
    const applied = { ...deployment(2), metadata: { name: 'owned' } };
    const refused = await run(['apply', '--server-side', '-f', '-'], applied);
    expect(refused.err).toMatch(
      /Apply failed with 1 conflict: conflict with "kubectl-create" using apps\/v1: \.spec\.replicas/,
    );
    expect(await kubectl('apply --server-side --force-conflicts -f -', applied)).toBe(
      'deployment.apps/owned serverside-applied\n',
    );
  });

  test('kubectl scale and patch change a Deployment', async () => {
    await kubectl('create -f -', { ...deployment(1), metadata: { name: 'changed' } });
    expect(await kubectl('scale deployment changed --replicas=4')).toBe('deployment.apps/changed scaled\n');
    expect(
      await kubectl(
        'patch deployment changed --type=json -p [{"op":"add","path":"/spec/template/spec/containers/0/env","value":[{"name":"A","value":"b"}]}]',
      ),
    ).toContain('patched');
    const spec = JSON.parse(await kubectl('get deployment changed -o jsonpath={.spec}')) as {
      replicas: number;
      template: { spec: { containers: object[] } };
    };
    expect(spec).toMatchObject({
      replicas: 4,
      template: { spec: { containers: [{ image: 'app:1', env: [{ name: 'A', value: 'b' }] }] } },
    });
  });

  test('kubectl wait, get -w and rollout status follow the status of a Deployment', async () => {
    await kubectl('create -f -', { ...deployment(1), metadata: { name: 'awaited' } });
    const waiting = kubectl('wait --for=condition=Available deployment/awaited --timeout=10s');
    // A list: for a single object kubectl misses changes before its watch begins.
    const watched = follow(['get', 'deployments', '--field-selector=metadata.name=awaited', '-w'], /awaited +1\/1/);
    const rolling = kubectl('rollout status deployment/awaited --timeout=10s');
    await watched.started;
    const resource = { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true };
    const status = {
      observedGeneration: 1,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      conditions: [{ type: 'Available', status: 'True' }],
    };
    await world.server.api.patch(resource, { namespace: 'default', name: 'awaited' }, { status }, 'status');
    expect(await watched.found).toMatch(/awaited +0\/1 +[^]*awaited +1\/1 +1 +1 /);
    expect(await waiting).toBe('deployment.apps/awaited condition met\n');
    expect(await rolling).toContain('deployment "awaited" successfully rolled out');
  });

  test('kubectl explain and describe use the schema of a custom kind', async () => {
    await kubectl(`apply -f ${resolve('crds/holdfast.dev_stickyworkloads.yaml')}`);
    expect(await kubectl('explain stickyworkload.spec.drain')).toMatch(/FIELD: drain <Object>[^]*timeout\s+<string>/);
    await kubectl(`apply -f ${resolve('manifests/samples/cart.yaml')}`);
    expect(await kubectl('get sw')).toMatch(/^NAME +READY +ACCEPTING +DRAINING +SESSIONS +AGE\ncart /);
    // A default of the schema.
    expect(await kubectl('describe stickyworkload cart')).toMatch(/Max Draining: +50%/);
  });

  test('kubectl prints the errors of invalid objects as with Kubernetes', async () => {
    const unknown = await run(['apply', '-f', '-'], {
      ...deployment(1),
      metadata: { name: 'mistyped' },
      spec: { ...deployment(1).spec, replics: 1 },
    });
    expect(unknown.err).toContain('strict decoding error: unknown field "spec.replics"');
    const wrong = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'wrong', labels: { a: 'b c' } } };
    const invalid = await run(['apply', '-f', '-'], wrong);
    expect(invalid.err).toContain('The ConfigMap "wrong" is invalid: metadata.labels: Invalid value: "b c"');
  });

  test('kubectl describe and events show the events of a pod', async () => {
    await kubectl('create -f -', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'noted' },
      spec: { containers: [{ name: 'app', image: 'app:1' }] },
    });
    const uid = world.server.api.get(pods, { namespace: 'default', name: 'noted' })?.metadata.uid;
    await kubectl('create -f -', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'noted.1' },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'noted', namespace: 'default', uid },
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'it did not answer',
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
    expect(await kubectl('describe pod noted')).toMatch(/Warning +Unhealthy +.*it did not answer/);
    expect(await kubectl('events --for pod/noted')).toMatch(/Warning +Unhealthy +Pod\/noted +it did not answer/);
    expect(await kubectl('get events')).toMatch(/Unhealthy +pod\/noted +it did not answer/);
  });

  test('kubectl delete waits until the object no longer exists', async () => {
    await kubectl('create -f -', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', finalizers: ['example.test/hold'] },
    });
    const deleting = kubectl('delete configmap held');
    await kubectl('wait --for=jsonpath={.metadata.deletionTimestamp} configmap/held --timeout=10s');
    await kubectl('patch configmap held --type=merge -p {"metadata":{"finalizers":null}}');
    expect(await deleting).toContain('configmap "held" deleted');
    expect((await run(['get', 'configmap', 'held'])).err).toContain('configmaps "held" not found');
  });
});
