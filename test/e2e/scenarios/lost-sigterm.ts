/**
 * A pod is deleted while its sidecar starts. Linux discards the SIGTERM, because process 1 has no handler yet, and the kubelet does not
 * repeat it: the pod must not stay until the end of its grace period, which is an hour. A CPU limit makes the start so slow that it is met on
 * a busy machine too.
 */
import { expect } from '@jest/globals';
import { kubectl, kubectlInput, until } from '../../support/kubectl.ts';
import { listObjects, type LiveObject } from '../../support/objects.ts';
import { renderShop } from '../../support/shop-cluster.ts';
import { eventIn, logUntilExit } from '../world/logs.ts';
import type { Scenario } from './scenario.ts';

const namespace = 'e2e-lost-sigterm';
const slowSidecar = { resources: { requests: { cpu: '5m' }, limits: { cpu: '15m', memory: '128Mi' } } };

const sidecarRuns = ({ status }: LiveObject): boolean =>
  ((status?.['initContainerStatuses'] ?? []) as { state?: { running?: object }; started?: boolean }[]).some(
    ({ state, started }) => state?.running !== undefined && started === false,
  );

async function play(): Promise<void> {
  await kubectl('create', 'namespace', namespace);
  const items = await renderShop({ replicas: 1, spec: { sidecar: slowSidecar } });
  await kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-n', namespace, '-f', '-');
  const pod = await until('a sidecar that starts', async () =>
    (await listObjects('pods', namespace, 'app=cart')).find(sidecarRuns),
  );
  const { name } = pod.metadata;
  const log = logUntilExit(namespace, name, 'holdfast-sidecar');
  await kubectl('-n', namespace, 'scale', 'deployment/cart', '--replicas=0');
  const deletedAtMs = Date.now();
  await until('the pod gone', async () => (await listObjects('pods', namespace, 'app=cart')).length === 0, 90_000);
  const events = await log;
  process.stdout.write(
    `${JSON.stringify({ run: 'lost-sigterm', goneAfterMs: Date.now() - deletedAtMs, log: events })}\n`,
  );
  expect(eventIn(events, 'Stopping').reason).toBe('AppGone');
}

export const lostSigterm: Scenario = {
  title: 'a pod that is deleted while its sidecar starts is gone soon, although the SIGTERM is lost',
  async play() {
    try {
      await play();
    } finally {
      await kubectl('-n', namespace, 'delete', 'stickyworkload,deployment', '--all', '--wait=false');
      await kubectl('-n', namespace, 'delete', 'pods', '--all', '--force', '--grace-period=0');
      await kubectl('delete', 'namespace', namespace, '--wait=false');
    }
  },
};
