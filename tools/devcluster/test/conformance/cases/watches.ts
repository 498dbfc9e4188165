/** Watches, and watch-lists. */
import { expect } from '@jest/globals';
import { uniqueName } from '../api.ts';
import { done, expectRefused, watching, type Case } from '../case.ts';
import { family } from '../family.ts';
import { configMap, configMaps, pod, pods } from '../objects.ts';
import type { WatchEvent } from '../watch.ts';

const said = ({ type, object }: WatchEvent): string => `${type} ${object.metadata.name}`;

const following: Case[] = [
  {
    title: 'a watch from the version of a list sends later changes: added, modified, deleted',
    run: async (api) => {
      const { query, version, add } = await family(api);
      await watching(api.watch(configMaps(api), { ...query, resourceVersion: version }), async (watch) => {
        const { metadata } = await add();
        await done(api.patch('merge', configMaps(api, metadata.name), { data: { a: '2' } }));
        await done(api.delete(configMaps(api, metadata.name)));
        expect([said(await watch.next()), said(await watch.next()), said(await watch.next())]).toEqual([
          `ADDED ${metadata.name}`,
          `MODIFIED ${metadata.name}`,
          `DELETED ${metadata.name}`,
        ]);
      });
    },
  },
  {
    title: 'a watch from an older resource version sends the changes since then',
    run: async (api) => {
      const { query, version, add } = await family(api);
      const { metadata } = await add();
      await done(api.patch('merge', configMaps(api, metadata.name), { data: { a: '2' } }));
      await watching(api.watch(configMaps(api), { ...query, resourceVersion: version }), async (watch) => {
        const [added, modified] = [await watch.next(), await watch.next()];
        expect([added.object.data, modified.object.data]).toEqual([{ a: '1' }, { a: '2' }]);
      });
    },
  },
  {
    title: 'a watch without a resource version begins with all existing objects as added',
    run: async (api) => {
      const { query, add } = await family(api);
      const { metadata } = await add();
      await done(api.patch('merge', configMaps(api, metadata.name), { data: { a: '2' } }));
      await watching(api.watch(configMaps(api), query), async (watch) => {
        expect(await watch.next()).toMatchObject({
          type: 'ADDED',
          object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: metadata.name }, data: { a: '2' } },
        });
      });
    },
  },
  {
    title: 'a watch from resource version 0 begins with all existing objects as added',
    run: async (api) => {
      const { query, add } = await family(api);
      const { metadata } = await add();
      await watching(api.watch(configMaps(api), { ...query, resourceVersion: '0' }), async (watch) => {
        expect(said(await watch.next())).toBe(`ADDED ${metadata.name}`);
      });
    },
  },
  {
    title: 'the event of a deletion has the last state of the object and a new resource version',
    run: async (api) => {
      const { query, add } = await family(api);
      const { metadata } = await add();
      await watching(
        api.watch(configMaps(api), { ...query, resourceVersion: metadata.resourceVersion }),
        async (watch) => {
          await done(api.delete(configMaps(api, metadata.name)));
          const { type, object } = await watch.next();
          expect({ type, data: object.data, uid: object.metadata.uid }).toEqual({
            type: 'DELETED',
            data: { a: '1' },
            uid: metadata.uid,
          });
          expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(Number(metadata.resourceVersion));
        },
      );
    },
  },
  {
    title: 'an object that no longer matches the selector is deleted for the watch, in its last matching state',
    run: async (api) => {
      const { query, add } = await family(api);
      const { metadata } = await add();
      await watching(
        api.watch(configMaps(api), { ...query, resourceVersion: metadata.resourceVersion }),
        async (watch) => {
          const changed = await done(
            api.patch('merge', configMaps(api, metadata.name), {
              metadata: { labels: { family: 'other' } },
              data: { a: '2' },
            }),
          );
          const { type, object } = await watch.next();
          expect({ type, labels: object.metadata.labels, version: object.metadata.resourceVersion }).toEqual({
            type: 'DELETED',
            labels: metadata.labels,
            version: changed.metadata.resourceVersion,
          });
        },
      );
    },
  },
  {
    title: 'an object that begins to match the selector is added for the watch',
    run: async (api) => {
      const { query, labels, version } = await family(api);
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      await watching(api.watch(configMaps(api), { ...query, resourceVersion: version }), async (watch) => {
        await done(api.patch('merge', configMaps(api, metadata.name), { metadata: { labels } }));
        expect(said(await watch.next())).toBe(`ADDED ${metadata.name}`);
      });
    },
  },
  {
    title: 'a watch of one object by its name sends no other object',
    run: async (api) => {
      const { version, add } = await family(api);
      const name = uniqueName('map');
      await watching(
        api.watch(configMaps(api), { fieldSelector: `metadata.name=${name}`, resourceVersion: version }),
        async (watch) => {
          await add();
          await add(name);
          expect(said(await watch.next())).toBe(`ADDED ${name}`);
        },
      );
    },
  },
  {
    title: 'a pod that is bound to a node is added to a watch of the pods of that node',
    run: async (api) => {
      const node = uniqueName('node');
      const { metadata } = await done(api.post(pods(api), pod()));
      await watching(
        api.watch('/api/v1/pods', {
          fieldSelector: `spec.nodeName=${node}`,
          resourceVersion: metadata.resourceVersion,
        }),
        async (watch) => {
          await done(
            api.post(pods(api, metadata.name, 'binding'), {
              apiVersion: 'v1',
              kind: 'Binding',
              metadata: { name: metadata.name },
              target: { kind: 'Node', name: node },
            }),
          );
          expect(await watch.next()).toMatchObject({
            type: 'ADDED',
            object: { metadata: { name: metadata.name }, spec: { nodeName: node } },
          });
        },
      );
      await done(api.delete(pods(api, metadata.name), { gracePeriodSeconds: 0 }));
    },
  },
  {
    title: 'an update that changes nothing sends no event',
    run: async (api) => {
      const { query, add } = await family(api);
      const before = await add();
      await watching(
        api.watch(configMaps(api), { ...query, resourceVersion: before.metadata.resourceVersion }),
        async (watch) => {
          await done(api.put(configMaps(api, before.metadata.name), before));
          const { metadata } = await add();
          expect(said(await watch.next())).toBe(`ADDED ${metadata.name}`);
        },
      );
    },
  },
  {
    title: 'a watch ends gracefully after timeoutSeconds',
    run: async (api) => {
      const { query, version } = await family(api);
      const startMs = performance.now();
      await watching(api.watch(configMaps(api), { ...query, resourceVersion: version, timeoutSeconds: '1' }), (watch) =>
        watch.ended(),
      );
      expect(performance.now() - startMs).toBeGreaterThan(800);
    },
  },
  {
    title: 'a watch with bookmarks ends with one that has a new resource version',
    run: async (api) => {
      const { query, version, add } = await family(api);
      await watching(
        api.watch(configMaps(api), {
          ...query,
          resourceVersion: version,
          allowWatchBookmarks: 'true',
          timeoutSeconds: '3',
        }),
        async (watch) => {
          // Where nothing of the kind has changed since the watch began, it has nothing to say.
          await add();
          const bookmark = (await watch.until(({ type }) => type === 'BOOKMARK')).at(-1);
          expect(bookmark?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
          expect(Number(bookmark?.object.metadata.resourceVersion)).toBeGreaterThan(Number(version));
        },
      );
    },
  },
  {
    title: 'watch=1 has the same effect as watch=true',
    run: async (api) => {
      const { query, add } = await family(api);
      const { metadata } = await add();
      await watching(api.watch(configMaps(api), { ...query, watch: '1' }), async (watch) => {
        expect(said(await watch.next())).toBe(`ADDED ${metadata.name}`);
      });
    },
  },
  {
    title: 'a watch from an invalid resource version is refused',
    run: (api) =>
      expectRefused(api.get(configMaps(api), { watch: 'true', resourceVersion: 'soon' }), {
        code: 500,
        message: /resourceVersion: Invalid value: "soon": /,
      }),
  },
  {
    title: 'a watch sends only metadata if requested',
    run: async (api) => {
      const { query, add } = await family(api);
      const { metadata } = await add();
      // A watch that is asked for by hand: its accept header differs.
      const { text } = await api.request('GET', configMaps(api), {
        query: { ...query, watch: 'true', timeoutSeconds: '1' },
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      });
      const event = JSON.parse(text.split('\n')[0] ?? '') as WatchEvent;
      expect(event).toMatchObject({
        type: 'ADDED',
        object: { kind: 'PartialObjectMetadata', metadata: { name: metadata.name } },
      });
      expect(event.object).not.toHaveProperty('data');
    },
  },
];

const watchList: Case[] = [];

export const watches: Case[] = [...following, ...watchList];
