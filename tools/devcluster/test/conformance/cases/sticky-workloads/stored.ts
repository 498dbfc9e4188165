/** Stored StickyWorkloads: status, scale, columns, and field managers. */
import { expect } from '@jest/globals';
import type { Fields } from '../../body.ts';
import { done, expectRefused, type Case } from '../../case.ts';
import { pathTo, workload } from './world.ts';

const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Ready',
  message: 'New sessions are accepted.',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const status = {
  observedGeneration: 1,
  replicas: 2,
  selector: 'app=cart',
  acceptingReplicas: 2,
  drainingReplicas: 1,
  sessions: { confirmed: 42, unconfirmed: 3, draining: 7 },
  conditions: [ready],
};

export const stored: Case[] = [
  {
    title: 'a StickyWorkload with most fields is stored unchanged',
    run: async (api) => {
      const spec = {
        replicas: 3,
        service: { targetPort: 'h2c-8080' },
        route: {
          hostnames: ['*.example.com', 'localhost'],
          matches: [{ path: { type: 'RegularExpression', value: '.*\\.html' } }],
          backends: [
            { name: 'cart', weight: 90 },
            { name: 'cart', namespace: 'canary', weight: 10 },
          ],
        },
        sessionPersistence: {
          cookie: { name: '__Host-cart', secure: 'Always', lifetimeType: 'Permanent' },
          absoluteTimeout: '8h',
          idleTimeout: '1h2m3s4ms',
        },
        loadBalancing: {
          policy: 'ConsistentHash',
          consistentHash: { useSourceIp: true, algorithm: { type: 'RingHash', minimumRingSize: 64 } },
        },
        drain: {
          timeout: '168h',
          quietPeriod: '0s',
          sessionSources: ['Connections'],
          connections: { ports: [8080], excludeCIDRs: ['10.1.0.0/16', 'fd00::/8'] },
        },
        scaleDown: { maxDraining: '100%' },
      };
      expect(
        (await done(api.post(await pathTo(api), workload(spec), { fieldValidation: 'Strict' }))).spec,
      ).toMatchObject(spec);
    },
  },
  {
    title: 'the target of a StickyWorkload cannot be changed',
    run: async (api) => {
      const { metadata } = await done(api.post(await pathTo(api), workload()));
      await expectRefused(
        api.patch('merge', await pathTo(api, metadata.name), { spec: { targetRef: { name: 'other' } } }),
        {
          code: 422,
          reason: 'Invalid',
          field: 'spec.targetRef',
          message: /targetRef is immutable: delete this StickyWorkload/,
        },
      );
    },
  },
  {
    title: 'the scale subresource of a StickyWorkload has replicas and the selector that autoscalers need',
    run: async (api) => {
      const { metadata } = await done(api.post(await pathTo(api), workload({ replicas: 2 })));
      await done(
        api.patch('merge', await pathTo(api, metadata.name, 'status'), {
          status: { replicas: 2, selector: 'app=cart' },
        }),
      );
      const body = await done(api.patch('merge', await pathTo(api, metadata.name, 'scale'), { spec: { replicas: 5 } }));
      expect(body).toMatchObject({
        kind: 'Scale',
        spec: { replicas: 5 },
        status: { replicas: 2, selector: 'app=cart' },
      });
      expect((await done(api.get(await pathTo(api, metadata.name)))).spec).toMatchObject({ replicas: 5 });
    },
  },
  {
    title: 'the columns of a StickyWorkload include, in the wide form, the reason why it is not ready',
    run: async (api) => {
      const { metadata } = await done(api.post(await pathTo(api), workload()));
      const one = await pathTo(api, metadata.name);
      const conditions = [{ ...ready, status: 'False', reason: 'NoPodsAccepting' }];
      await done(api.patch('merge', `${one}/status`, { status: { ...status, conditions } }));
      const { body } = await api.request('GET', one, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
      const [row] = body.rows as { cells: unknown[] }[];
      expect(row?.cells).toEqual([
        metadata.name,
        'False',
        2,
        1,
        42,
        'NoPodsAccepting',
        expect.stringMatching(/^\d+s$/),
      ]);
      const columns = body.columnDefinitions as { name: string; priority: number }[];
      expect(columns.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
        'Name',
        'Ready',
        'Accepting',
        'Draining',
        'Sessions',
        'Age',
      ]);
    },
  },
  {
    title: 'a write of the status of a StickyWorkload does not change its spec or generation',
    run: async (api) => {
      const { metadata } = await done(api.post(await pathTo(api), workload()));
      const one = await pathTo(api, metadata.name);
      await done(api.patch('merge', `${one}/status`, { status }));
      await done(api.patch('merge', one, { status: { replicas: 99 } }));
      expect(await done(api.get(one))).toMatchObject({ status, metadata: { generation: 1 } });
    },
  },
  {
    title: 'every field of a StickyWorkload but its target can be changed',
    run: async (api) => {
      const { metadata } = await done(api.post(await pathTo(api), workload({ replicas: 3 })));
      const body = await done(
        api.patch(
          'merge',
          await pathTo(api, metadata.name),
          { spec: { replicas: 5, drain: { timeout: '2h' } } },
          { fieldValidation: 'Strict' },
        ),
      );
      expect(body).toMatchObject({ spec: { replicas: 5, drain: { timeout: '2h', quietPeriod: '5s' } } });
    },
  },
  {
    title: 'StickyWorkloads have the category holdfast and the short name sw',
    run: async (api) => {
      await pathTo(api);
      const { resources } = await done(api.get('/apis/holdfast.dev/v1alpha1'));
      expect(resources).toContainEqual(
        expect.objectContaining({
          name: 'stickyworkloads',
          categories: expect.arrayContaining(['holdfast']),
          shortNames: ['sw'],
        }),
      );
    },
  },
  {
    title:
      'an operator applies the status of a StickyWorkload with force, a user its spec, and neither owns of the other',
    run: async (api) => {
      const object = workload({ replicas: 2 });
      const one = await pathTo(api, object.metadata.name);
      await done(api.apply('user', one, object));
      const { spec: _, ...nameOnly } = object;
      const conditions = [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Ready',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
          observedGeneration: 1,
        },
      ];
      await done(
        api.apply('holdfast', `${one}/status`, { ...nameOnly, status: { replicas: 2, conditions } }, { force: 'true' }),
      );
      const body = await done(api.apply('user', one, { ...object, spec: { ...(object.spec as Fields), replicas: 3 } }));
      expect(body).toMatchObject({
        spec: { replicas: 3 },
        status: { replicas: 2, conditions: [{ type: 'Ready' }] },
        metadata: { generation: 2 },
      });
      expect(
        body.metadata.managedFields?.map(({ manager, subresource }) => `${manager} ${subresource ?? ''}`).toSorted(),
      ).toEqual(['holdfast status', 'user ']);
    },
  },
];
