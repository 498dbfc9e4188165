/**
 * All operators are killed in the middle of drains and are unavailable for a minute. Proxies still route, sidecars hold: unknown is not zero.
 * Only drain timeouts continue. Pods that start meanwhile have no sidecar, which is reported when the operator is back.
 * A pod that is force deleted meanwhile is unknown to the restarted operators, and its token is no longer valid: they answer its sidecar that the pod is gone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { killInPod } from '../../support/kill.ts';
import { fetchOnce } from '../../support/fetch-once.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { conditionOf, getObject, listObjects } from '../../support/objects.ts';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import {
  appPods,
  controlPort,
  getWorkload,
  scale,
  untilDraining,
  untilReady,
  untilSettled,
} from '../../support/shop-cluster.ts';
import { inShop, type Scene } from '../world/scene.ts';
import { untilHeld } from '../world/sidecars.ts';
import type { Scenario } from './scenario.ts';

const awayMs = 60_000;
const operators = ['-n', 'holdfast-system', 'scale', 'deployment/holdfast-operator'];

async function killOperators(): Promise<void> {
  const pods = await listObjects('pods', 'holdfast-system', 'app.kubernetes.io/component=operator');
  await kubectl(...operators, '--replicas=0');
  for (const { metadata } of pods) await killInPod(metadata.uid, 'operator');
  await until(
    'no operator',
    async () => (await listObjects('pods', 'holdfast-system', 'app.kubernetes.io/component=operator')).length === 0,
  );
}

async function bringBack(): Promise<void> {
  await kubectl(...operators, '--replicas=2');
  await kubectl('-n', 'holdfast-system', 'rollout', 'status', 'deployment/holdfast-operator', '--timeout=120s');
}

const injected = async (namespace: string) => conditionOf(await getWorkload(namespace), 'Injected');

/** Deletes a pod with a session that never ends. Returns the name of the pod. */
async function beginDrain({ namespace, host }: Scene): Promise<string> {
  const pod = await createShopClient({ host, port: 80 }).login();
  await kubectl('-n', namespace, 'delete', 'pod', pod, '--wait=false');
  await untilHeld(namespace, pod);
  return pod;
}

/** Whether the app still runs: the API server has no object of a force deleted pod. */
const isServing = (address: string): Promise<boolean> =>
  fetchOnce(`http://${address}:${controlPort}/`, { signal: AbortSignal.timeout(2000) }).then(
    () => true,
    () => false,
  );

async function reportedAndReplaced(namespace: string): Promise<void> {
  const reported = await until('the pod without sidecar reported', async () => {
    const condition = await injected(namespace);
    return condition?.reason === 'PodsNotInjected' && condition;
  });
  expect(reported.message).toContain('rollout restart');
  const bare = (await appPods(namespace)).filter(({ spec }) => !JSON.stringify(spec).includes('holdfast-sidecar'));
  expect(bare).toHaveLength(1);
  await kubectl('-n', namespace, 'rollout', 'restart', 'deployment/cart');
  await until('all injected', async () => (await injected(namespace))?.status === 'True');
}

export const operatorsAway: Scenario = {
  title:
    'all operators killed for a minute in the middle of drains: nothing lost; pods terminate at their limit, or when the operator is back; pods without sidecar are reported',
  play: () =>
    inShop('e2e-away', { replicas: 4 }, (busy) =>
      inShop(
        'e2e-away-limit',
        { replicas: 1, spec: { drain: { timeout: '30s' } }, proxy: { replicas: 1 } },
        (limited) =>
          inShop('e2e-away-forced', { replicas: 1, proxy: { replicas: 1 } }, (forced) =>
            playAway({ busy, limited, forced }),
          ),
      ),
    ),
};

async function playAway({ busy, limited, forced }: Record<'busy' | 'limited' | 'forced', Scene>): Promise<void> {
  const load = busy.customers('operators-away', { meanLifeMs: 15_000 });
  await until('customers on every pod', async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === 4);
  // It terminates at its drain timeout although no sidecar can request its session count.
  const limitedPod = await beginDrain(limited);
  await untilReady(limited.namespace, 1);
  // Its drain timeout is far off.
  const forcedPod = await beginDrain(forced);
  const address = String((await getObject('pod', forcedPod, forced.namespace))?.status?.['podIP']);
  await scale(busy.namespace, 2);
  await untilDraining(busy.namespace, 2);
  try {
    await killOperators();
    const killedAtMs = Date.now();
    await scale(limited.namespace, 2);
    await kubectl('-n', forced.namespace, 'delete', 'pod', forcedPod, '--force', '--grace-period=0');
    await delay(killedAtMs + awayMs - Date.now());
    expect([...busy.pods.goneAtMs.keys()]).toEqual([]);
    expect(limited.pods.goneAtMs.get(limitedPod)).toBeLessThan(Date.now());
    expect(await isServing(address)).toBe(true);
  } finally {
    // Also for the scenarios after this one.
    await bringBack();
  }
  expect(await busy.farewell(load)).toMatchObject({ losses: [], misplaced: 0, refusals: [] });
  await until('the containers of the pod that was deleted by force ended', async () => !(await isServing(address)));
  await untilSettled(busy.namespace, 2);
  await reportedAndReplaced(limited.namespace);
}
