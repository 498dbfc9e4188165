/** Events in their two shapes, and Leases. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, type Case } from '../case.ts';
import { pathOf } from '../objects.ts';

const event = (api: ConformanceApi, apiVersion: string, name: string, fields: Fields): Fields => ({
  apiVersion,
  kind: 'Event',
  metadata: { name, namespace: api.namespace },
  reason: 'Tested',
  type: 'Normal',
  ...fields,
});

export const events: Case[] = [
  {
    title: 'an event of events.k8s.io is served by the core group in its own form',
    run: async (api) => {
      const name = uniqueName('event');
      const regarding = { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: api.namespace };
      const fields = {
        regarding,
        note: 'hello',
        action: 'Testing',
        eventTime: '2026-01-01T00:00:00.000001Z',
        reportingController: 'example.test/tester',
        reportingInstance: 'one',
      };
      await done(api.post(pathOf(api, 'events.k8s.io/v1', 'events'), event(api, 'events.k8s.io/v1', name, fields)));
      expect(await done(api.get(pathOf(api, 'v1', 'events', name)))).toMatchObject({
        kind: 'Event',
        apiVersion: 'v1',
        involvedObject: regarding,
        message: 'hello',
        reason: 'Tested',
        reportingComponent: 'example.test/tester',
        reportingInstance: 'one',
        eventTime: '2026-01-01T00:00:00.000001Z',
      });
    },
  },
  {
    title: 'an event of the core group is served by events.k8s.io in its own form',
    run: async (api) => {
      const name = uniqueName('event');
      const involvedObject = { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: api.namespace };
      const times = { firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:01:00Z', count: 3 };
      await done(
        api.post(
          pathOf(api, 'v1', 'events'),
          event(api, 'v1', name, { involvedObject, message: 'hello', source: { component: 'tester' }, ...times }),
        ),
      );
      expect(await done(api.get(pathOf(api, 'events.k8s.io/v1', 'events', name)))).toMatchObject({
        apiVersion: 'events.k8s.io/v1',
        regarding: involvedObject,
        note: 'hello',
        deprecatedCount: 3,
        deprecatedFirstTimestamp: times.firstTimestamp,
        deprecatedLastTimestamp: times.lastTimestamp,
        deprecatedSource: { component: 'tester' },
      });
    },
  },
  {
    title: 'core events can be selected by their involved object',
    run: async (api) => {
      const about = uniqueName('pod');
      for (const name of [about, uniqueName('pod')]) {
        await done(
          api.post(
            pathOf(api, 'v1', 'events'),
            event(api, 'v1', uniqueName('event'), {
              involvedObject: { kind: 'Pod', name, namespace: api.namespace },
              message: name,
            }),
          ),
        );
      }
      const { items } = await done(
        api.get(pathOf(api, 'v1', 'events'), { fieldSelector: `involvedObject.name=${about},involvedObject.kind=Pod` }),
      );
      expect(items.map(({ message }) => message)).toEqual([about]);
    },
  },
  {
    title: 'events of events.k8s.io can be selected by their regarding object',
    run: async (api) => {
      const about = uniqueName('pod');
      await done(
        api.post(
          pathOf(api, 'v1', 'events'),
          event(api, 'v1', uniqueName('event'), {
            involvedObject: { kind: 'Pod', name: about, namespace: api.namespace },
            message: 'one',
          }),
        ),
      );
      const { items } = await done(
        api.get(pathOf(api, 'events.k8s.io/v1', 'events'), { fieldSelector: `regarding.name=${about}` }),
      );
      expect(items.map(({ note }) => note)).toEqual(['one']);
    },
  },
  {
    title: 'of two concurrent updates of a Lease one is a Conflict',
    run: async (api) => {
      const path = pathOf(api, 'coordination.k8s.io/v1', 'leases');
      const spec = { holderIdentity: 'missing', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000001Z' };
      const before = await done(
        api.post(path, {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: uniqueName('lease') },
          spec,
        }),
      );
      const take = (holderIdentity: string) =>
        api.put(`${path}/${before.metadata.name}`, { ...before, spec: { ...spec, holderIdentity } });
      const statuses = (await Promise.all([take('left'), take('right')])).map(({ status }) => status);
      expect(statuses).toEqual(expect.arrayContaining([200, 409]));
    },
  },
  {
    title: 'a Lease keeps its times to the microsecond',
    run: async (api) => {
      const spec = {
        holderIdentity: 'a',
        acquireTime: '2026-01-01T00:00:00.123456Z',
        renewTime: '2026-01-01T00:00:01.000000Z',
      };
      expect(
        (
          await done(
            api.post(pathOf(api, 'coordination.k8s.io/v1', 'leases'), {
              apiVersion: 'coordination.k8s.io/v1',
              kind: 'Lease',
              metadata: { name: uniqueName('lease') },
              spec,
            }),
          )
        ).spec,
      ).toMatchObject(spec);
    },
  },
];
