/** Pods: grace periods, binding, and changes. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { bound, force } from '../bound-pod.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { pod, pods as podsPath } from '../objects.ts';

const secondsLeft = ({ metadata }: Body): number => (Date.parse(metadata.deletionTimestamp ?? '') - Date.now()) / 1000;

const grace: Case[] = [
  {
    title: 'a deleted pod on a node has its own grace period, and a deletionTimestamp at its end',
    run: async (api) => {
      const { metadata } = await bound(api, { terminationGracePeriodSeconds: 300 });
      const body = await done(api.delete(podsPath(api, metadata.name)));
      await force(api, metadata.name);
      expect(body).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: 300 } });
      expect(Math.abs(secondsLeft(body) - 300)).toBeLessThan(10);
    },
  },
  {
    title: 'a deletion can shorten the grace period of a pod',
    run: async (api) => {
      const { metadata } = await bound(api, { terminationGracePeriodSeconds: 300 });
      const body = await done(api.delete(podsPath(api, metadata.name), { gracePeriodSeconds: 60 }));
      await force(api, metadata.name);
      expect(body.metadata.deletionGracePeriodSeconds).toBe(60);
      expect(Math.abs(secondsLeft(body) - 60)).toBeLessThan(10);
    },
  },
  {
    title: 'the first deletion can lengthen the grace period of a pod',
    run: async (api) => {
      const { metadata } = await bound(api, { terminationGracePeriodSeconds: 30 });
      const body = await done(api.delete(podsPath(api, metadata.name), { gracePeriodSeconds: 600 }));
      await force(api, metadata.name);
      expect(body.metadata.deletionGracePeriodSeconds).toBe(600);
    },
  },
  {
    title: 'the grace period can be given in the query',
    run: async (api) => {
      const { metadata } = await bound(api, { terminationGracePeriodSeconds: 300 });
      const body = await done(api.delete(podsPath(api, metadata.name), undefined, { gracePeriodSeconds: '45' }));
      await force(api, metadata.name);
      expect(body.metadata.deletionGracePeriodSeconds).toBe(45);
    },
  },
  {
    title: 'a second deletion shortens the grace period and moves the deletionTimestamp',
    run: async (api) => {
      const { metadata } = await bound(api, { terminationGracePeriodSeconds: 300 });
      await done(api.delete(podsPath(api, metadata.name)));
      await done(api.delete(podsPath(api, metadata.name), { gracePeriodSeconds: 20 }));
      const body = await done(api.get(podsPath(api, metadata.name)));
      await force(api, metadata.name);
      expect(body.metadata.deletionGracePeriodSeconds).toBe(20);
      expect(secondsLeft(body)).toBeLessThan(30);
    },
  },
  {
    title: 'a second deletion cannot lengthen the grace period',
    run: async (api) => {
      const { metadata } = await bound(api, { terminationGracePeriodSeconds: 30 });
      const first = await done(api.delete(podsPath(api, metadata.name)));
      await done(api.delete(podsPath(api, metadata.name), { gracePeriodSeconds: 600 }));
      const body = await done(api.get(podsPath(api, metadata.name)));
      await force(api, metadata.name);
      expect(body.metadata).toMatchObject({
        deletionGracePeriodSeconds: 30,
        deletionTimestamp: first.metadata.deletionTimestamp,
      });
    },
  },
  {
    title: 'a deletion with grace period 0 removes the pod at once',
    run: async (api) => {
      const { metadata } = await bound(api);
      const body = await done(force(api, metadata.name));
      expect(body).toMatchObject({ kind: 'Pod', metadata: { uid: metadata.uid } });
      expect((await api.get(podsPath(api, metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'a deletion with grace period 0, as from the kubelet, removes a terminating pod',
    run: async (api) => {
      const { metadata } = await bound(api);
      await done(api.delete(podsPath(api, metadata.name)));
      await done(
        api.delete(podsPath(api, metadata.name), { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } }),
      );
      expect((await api.get(podsPath(api, metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'a terminating pod with a finalizer stays after its grace period',
    run: async (api) => {
      const { metadata } = await bound(api, {}, { finalizers: ['example.test/hold'] });
      await done(api.delete(podsPath(api, metadata.name)));
      await done(force(api, metadata.name));
      expect((await done(api.get(podsPath(api, metadata.name)))).metadata).toMatchObject({
        deletionGracePeriodSeconds: 0,
      });
      await done(api.patch('merge', podsPath(api, metadata.name), { metadata: { finalizers: null } }));
      expect((await api.get(podsPath(api, metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'a pod without a node is removed at once',
    run: async (api) => {
      const { metadata } = await done(api.post(podsPath(api), pod()));
      await done(api.delete(podsPath(api, metadata.name)));
      expect((await api.get(podsPath(api, metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'a pod that has succeeded is removed at once',
    run: async (api) => {
      const { metadata } = await bound(api);
      await done(api.patch('merge', podsPath(api, metadata.name, 'status'), { status: { phase: 'Succeeded' } }));
      await done(api.delete(podsPath(api, metadata.name)));
      expect((await api.get(podsPath(api, metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'a deletion of a pod for another uid is a Conflict',
    run: async (api) => {
      const { metadata } = await bound(api);
      await expectRefused(api.delete(podsPath(api, metadata.name), { preconditions: { uid: 'other' } }), {
        code: 409,
        reason: 'Conflict',
        message: /the UID in the precondition \(other\) does not match the UID in record/,
      });
      await force(api, metadata.name);
    },
  },
  {
    title: 'a negative grace period counts as one second',
    run: async (api) => {
      const { metadata } = await bound(api);
      const body = await done(api.delete(podsPath(api, metadata.name), { gracePeriodSeconds: -5 }));
      await force(api, metadata.name);
      expect(body.metadata.deletionGracePeriodSeconds).toBe(1);
    },
  },
  {
    title: 'the status of a terminating pod can be written',
    run: async (api) => {
      const { metadata } = await bound(api);
      await done(api.delete(podsPath(api, metadata.name)));
      const body = await done(
        api.patch('merge', podsPath(api, metadata.name, 'status'), {
          status: { phase: 'Running', podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }] },
        }),
      );
      await force(api, metadata.name);
      expect(body).toMatchObject({
        metadata: { deletionGracePeriodSeconds: 30 },
        status: { phase: 'Running', podIP: '10.1.2.3' },
      });
    },
  },
];

const bindTo = (name: string, node: string): Fields => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name },
  target: { kind: 'Node', name: node },
});

const changes: Case[] = [
  {
    title: 'binding gives a pod its node and the condition PodScheduled',
    run: async (api) => {
      const { metadata } = await done(api.post(podsPath(api), pod()));
      const { status, body } = await api.post(
        podsPath(api, metadata.name, 'binding'),
        bindTo(metadata.name, 'nowhere'),
      );
      expect({ status, kind: body.kind, said: body.status }).toEqual({ status: 201, kind: 'Status', said: 'Success' });
      const scheduled = await done(api.get(podsPath(api, metadata.name)));
      await force(api, metadata.name);
      expect(scheduled).toMatchObject({
        spec: { nodeName: 'nowhere' },
        status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
      });
    },
  },
  {
    title: 'a pod that has a node cannot be bound again',
    run: async (api) => {
      const { metadata } = await bound(api);
      await expectRefused(api.post(podsPath(api, metadata.name, 'binding'), bindTo(metadata.name, 'elsewhere')), {
        code: 409,
        reason: 'Conflict',
        message: /pod .* is already assigned to node "nowhere"/,
      });
      await force(api, metadata.name);
    },
  },
  {
    title: 'the image of a container can be changed, which raises the generation',
    run: async (api) => {
      const { metadata } = await done(api.post(podsPath(api), pod()));
      const body = await done(
        api.patch('json', podsPath(api, metadata.name), [
          { op: 'replace', path: '/spec/containers/0/image', value: 'example.test/app:2' },
        ]),
      );
      expect(body).toMatchObject({
        spec: { containers: [{ image: 'example.test/app:2' }] },
        metadata: { generation: 2 },
      });
    },
  },
];

export const pods: Case[] = [...grace, ...changes];
