import { beforeEach, expect, test } from '@jest/globals';
import { startScaler, type Scaler } from '../../scaler.ts';
import { deployments } from '../../../../src/kube/resources.ts';
import { createManualClock, type ManualClock } from '../../../../test/support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../../test/support/cluster/test-cluster.ts';

const ref = { namespace: 'demo', name: 'cart' };
let clock: ManualClock;
let cluster: TestCluster;
let wanted: number;
let errors: unknown[];

beforeEach(() => {
  clock = createManualClock();
  cluster = createTestCluster(clock);
  wanted = 5;
  errors = [];
  cluster.put(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: ref,
    spec: { replicas: 2, paused: false },
  });
});

const start = (): Scaler =>
  startScaler(cluster, ref, { clock, wanted: () => wanted, onError: (error) => errors.push(error) });
const spec = () => cluster.find(deployments, ref)?.['spec'];

async function stop(scaler: Scaler): Promise<void> {
  await scaler.stop();
  expect(clock.pending()).toBe(0);
}

test('the Deployment has the wanted replicas within a second, and is not written while it has them', async () => {
  const before = spec() as object;
  const scaler = start();
  await clock.advance(1);
  expect(spec()).toEqual({ ...before, replicas: 5 });
  await clock.advance(10_000);
  expect(cluster.writes()).toHaveLength(1);
  wanted = 3;
  await clock.advance(1000);
  expect(spec()).toEqual({ ...before, replicas: 3 });
  await stop(scaler);
});

test('a failed write is reported and repeated', async () => {
  cluster.fail({ verb: 'update', error: new Error('the server is unavailable') });
  const scaler = start();
  await clock.advance(1);
  expect(errors).toEqual([new Error('the server is unavailable')]);
  await clock.advance(1000);
  expect(spec()).toMatchObject({ replicas: 5 });
  await stop(scaler);
});
