/** Evictions, and the budgets that allow them. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName, type Answer, type ConformanceApi } from '../api.ts';
import { bound, force } from '../bound-pod.ts';
import { done, eventually, expectRefused, type Case } from '../case.ts';
import { pathOf, pods } from '../objects.ts';

/** A pod that runs and is ready, with a label of its own. */
async function running(api: ConformanceApi): Promise<{ name: string; labels: { app: string } }> {
  const labels = { app: uniqueName('app') };
  const { metadata } = await bound(api, {}, { labels });
  await done(
    api.patch('merge', pods(api, metadata.name, 'status'), {
      status: {
        phase: 'Running',
        podIP: '10.1.2.3',
        podIPs: [{ ip: '10.1.2.3' }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    }),
  );
  return { name: metadata.name, labels };
}

const budgetsPath = (api: ConformanceApi, ...parts: string[]): string =>
  pathOf(api, 'policy/v1', 'poddisruptionbudgets', ...parts);

const budget = (labels: Record<string, string>, minAvailable: number): Fields & { metadata: { name: string } } => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: uniqueName('pdb') },
  spec: { minAvailable, selector: { matchLabels: labels } },
});

/** Its status as the controller reckons it for one healthy pod, whether or not a controller runs beside the server. */
async function settledBudget(
  api: ConformanceApi,
  labels: Record<string, string>,
  minAvailable: number,
): Promise<string> {
  const { metadata } = await done(api.post(budgetsPath(api), budget(labels, minAvailable)));
  const status = {
    observedGeneration: metadata.generation,
    currentHealthy: 1,
    desiredHealthy: minAvailable,
    expectedPods: 1,
    disruptionsAllowed: 1 - minAvailable,
  };
  await done(api.patch('merge', budgetsPath(api, metadata.name, 'status'), { status }));
  return metadata.name;
}

const evict = (api: ConformanceApi, name: string, more: Fields = {}, query = {}): Promise<Answer> =>
  api.post(
    pods(api, name, 'eviction'),
    { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...more },
    query,
  );

export const eviction: Case[] = [
  {
    title: 'an eviction of a pod without a budget deletes it with its grace',
    run: async (api) => {
      const { name } = await running(api);
      const { status, body } = await evict(api, name);
      expect({ status, body }).toMatchObject({ status: 201, body: { kind: 'Status', status: 'Success' } });
      const evicted = await done(api.get(pods(api, name)));
      await force(api, name);
      expect(evicted.metadata.deletionGracePeriodSeconds).toBe(30);
      expect(evicted.status.conditions).toContainEqual(
        expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }),
      );
    },
  },
  {
    title: 'an eviction that a budget does not allow is 429, with the cause DisruptionBudget',
    run: async (api) => {
      const { name, labels } = await running(api);
      const pdb = await settledBudget(api, labels, 1);
      const { body } = await eventually(
        () => evict(api, name),
        (answer) => answer.text.includes('healthy pods'),
      );
      await force(api, name);
      expect(body).toMatchObject({
        code: 429,
        reason: 'TooManyRequests',
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: `The disruption budget ${pdb} needs 1 healthy pods and has 1 currently`,
            },
          ],
        },
      });
    },
  },
  {
    title: 'an eviction that a budget allows counts against it',
    run: async (api) => {
      const { name, labels } = await running(api);
      const pdb = await settledBudget(api, labels, 0);
      const { status } = await eventually(
        () => evict(api, name),
        (answer) => answer.status !== 429,
      );
      expect(status).toBe(201);
      const { body } = await eventually(
        () => api.get(budgetsPath(api, pdb)),
        (answer) => answer.body.status.disruptionsAllowed === 0,
      );
      await force(api, name);
      expect(body.status).toMatchObject({ disruptionsAllowed: 0 });
    },
  },
  {
    title: 'a pod that does not run yet is evicted whatever its budget says',
    run: async (api) => {
      const labels = { app: uniqueName('app') };
      const { metadata } = await bound(api, {}, { labels });
      await settledBudget(api, labels, 1);
      expect((await evict(api, metadata.name)).status).toBe(201);
      await force(api, metadata.name);
    },
  },
  {
    title: 'a dry run of an eviction evicts nothing',
    run: async (api) => {
      const { name } = await running(api);
      expect((await evict(api, name, {}, { dryRun: 'All' })).status).toBe(201);
      const body = await done(api.get(pods(api, name)));
      await force(api, name);
      expect(body.metadata).not.toHaveProperty('deletionTimestamp');
    },
  },
  {
    title: 'an eviction carries its delete options: another uid is a Conflict, a grace is taken',
    run: async (api) => {
      const { name } = await running(api);
      await expectRefused(evict(api, name, { deleteOptions: { preconditions: { uid: 'other' } } }), {
        code: 409,
        reason: 'Conflict',
      });
      await done(evict(api, name, { deleteOptions: { gracePeriodSeconds: 7 } }));
      const body = await done(api.get(pods(api, name)));
      await force(api, name);
      expect(body.metadata.deletionGracePeriodSeconds).toBe(7);
    },
  },
  {
    title: 'an eviction of a pod that is not there is NotFound',
    run: (api) =>
      expectRefused(evict(api, 'nobody'), { code: 404, reason: 'NotFound', message: /^pods "nobody" not found$/ }),
  },
  {
    title: 'an eviction for another name than that of the path is refused',
    run: async (api) => {
      const { name } = await running(api);
      await expectRefused(
        api.post(pods(api, name, 'eviction'), {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: 'other' },
        }),
        { code: 400, reason: 'BadRequest', message: /name in URL does not match name in Eviction object/ },
      );
      await force(api, name);
    },
  },
  {
    title: 'a budget has one of minAvailable and maxUnavailable, not both',
    run: (api) => {
      const object = budget({ app: 'web' }, 1);
      return expectRefused(
        api.post(budgetsPath(api), { ...object, spec: { ...(object.spec as Fields), maxUnavailable: 1 } }),
        { code: 422, reason: 'Invalid', message: /minAvailable and maxUnavailable cannot be both set/ },
      );
    },
  },
];
