/**
 * Slow is not dead: a pod whose process stands still and whose accept queue is full, then a proxy without free files. Every client keeps its
 * session, and every 503 says so with Retry-After.
 */
import { spawnSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { createShopClient } from '../../../tools/demo/customers/shop-client.ts';
import { findInPod } from '../../support/kill.ts';
import { until } from '../../support/kubectl.ts';
import { appPods, proxyPods } from '../../support/shop-cluster.ts';
import type { LiveObject } from '../../support/objects.ts';
import { addressOf, sumMetric, targetOf } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

const customers = 24;
const stoppedMs = 60_000;
const withoutFilesMs = 4000;
const patienceMs = 120_000;
const appPort = 8080;

const options = {
  replicas: 2,
  proxy: { replicas: 1 },
  // A stopped process does not answer the kubelet either, and this is not about restarts.
  container: {
    livenessProbe: {
      httpGet: { path: '/livez', port: 'http' },
      periodSeconds: 60,
      timeoutSeconds: 5,
      failureThreshold: 5,
    },
  },
};

/** What customers report: 503 responses, and when they sent the last request to which they got another. */
type Reports = { refusals: string[]; servedMs: Map<number, number> };

/** A client that logs in and looks at its cart until it is told to leave; it throws when its pod does not know it. */
async function shopUntil(
  leave: AbortSignal,
  proxy: LiveObject,
  customer: number,
  { refusals, servedMs }: Reports,
): Promise<string> {
  const client = createShopClient(targetOf(proxy), {
    answerTimeoutMs: patienceMs,
    reconnect: { limitMs: patienceMs, onCut: () => undefined },
    patience: { limitMs: patienceMs, onWait: (what) => refusals.push(what) },
  });
  try {
    const pod = await client.login();
    while (!leave.aborted) {
      const sentMs = Date.now();
      await client.viewCart();
      servedMs.set(customer, sentMs);
      await delay(500);
    }
    await client.viewCart();
    await client.logout();
    return pod;
  } finally {
    client.close();
  }
}

/** Stops the app, and fills its accept queue: its kernel drops further connections. */
async function whileStopped(pod: LiveObject): Promise<void> {
  const pids = await findInPod(pod.metadata.uid, 'main.ts');
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  // More than Node's backlog of 511.
  const fillers = Array.from({ length: 600 }, () => connect(appPort, addressOf(pod)).on('error', () => undefined));
  try {
    await delay(stoppedMs);
  } finally {
    for (const filler of fillers) filler.destroy();
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

async function whileWithoutFiles(proxy: LiveObject): Promise<void> {
  const [pid = 0] = await findInPod(proxy.metadata.uid, 'proxy');
  // As the user of the proxy: root in a container may not have the capability for another user's process.
  const { uid, gid } = await stat(`/proc/${pid}`);
  const limitFiles = (limit: string) => {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--nofile=${limit}`], { uid, gid });
    if (status !== 0) throw new Error(`prlimit --nofile=${limit}: ${String(stderr)}`);
  };
  const [, before = ''] = /^Max open files +([0-9]+)/m.exec(await readFile(`/proc/${pid}/limits`, 'utf8')) ?? [];
  // Node itself uses the first ones, so no other is free.
  limitFiles('10:');
  await delay(withoutFilesMs);
  limitFiles(`${before}:`);
}

export const slowPod: Scenario = {
  title:
    'a pod that stands still for 60 s, and a proxy without free files: 503 with Retry-After meanwhile, and no session lost',
  play: () =>
    inShop('e2e-slow-pod', options, async (scene) => {
      const [slow] = await appPods(scene.namespace);
      const [proxy] = await proxyPods(scene.namespace);
      if (slow === undefined || proxy === undefined) throw new Error('no pod or no proxy');
      const leaving = new AbortController();
      const refusals: string[] = [];
      const servedMs = new Map<number, number>();
      const shopping = Array.from({ length: customers }, (_, customer) =>
        shopUntil(leaving.signal, proxy, customer, { refusals, servedMs }),
      );
      const over = Promise.all(shopping);
      over.catch(() => undefined);
      await delay(3000);

      await whileStopped(slow);
      const resumedMs = Date.now();
      const allServed = async () => [...servedMs.values()].filter((sentMs) => sentMs >= resumedMs).length === customers;
      // The first to reject: a lost session ends its customer.
      await Promise.race([until('every customer served again', allServed, patienceMs), over]);
      const whileSlow = refusals.splice(0);
      await whileWithoutFiles(proxy);
      await delay(3000);
      leaving.abort();
      const pods = await over;

      const figures = {
        onSlowPod: pods.filter((pod) => pod === slow.metadata.name).length,
        refusedWhileSlow: whileSlow.length,
        refusedWithoutFiles: refusals.length,
        localErrors: await sumMetric([proxy], 'holdfast_upstream_local_errors_total'),
        lost: await sumMetric([proxy], 'holdfast_sessions_lost_total'),
      };
      process.stdout.write(`${JSON.stringify({ run: 'slow-pod: figures', ...figures })}\n`);
      expect(figures.onSlowPod).toBeGreaterThan(0);
      expect(figures.refusedWhileSlow).toBeGreaterThan(0);
      expect(whileSlow.filter((what) => !what.includes('Your session is kept'))).toEqual([]);
      expect(refusals.filter((what) => !what.includes('No session is lost'))).toEqual([]);
      expect(figures.lost).toBe(0);
    }),
};
