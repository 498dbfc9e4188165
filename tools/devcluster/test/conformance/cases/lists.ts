/** Lists: pages, resource versions, selectors. */
import { expect } from '@jest/globals';
import type { Body } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { family } from '../family.ts';
import { configMap, configMaps, pod, pods } from '../objects.ts';

const names = (list: Body): string[] => list.items.map(({ metadata }) => metadata.name);

const pages: Case[] = [
  {
    title: 'a list that is not older than a future resource version is refused',
    run: (api) =>
      expectRefused(api.get(configMaps(api), { resourceVersion: '9000000000', resourceVersionMatch: 'NotOlderThan' }), {
        code: 504,
        reason: 'Timeout',
        message: /Too large resource version: 9000000000, current: \d+/,
      }),
  },
  {
    title: 'a list with an invalid resource version is refused',
    run: (api) =>
      expectRefused(api.get(configMaps(api), { resourceVersion: 'soon' }), {
        code: 400,
        reason: 'BadRequest',
        message: /resourceVersion: Invalid value: "soon": /,
      }),
  },
];

type SelectorRow = { selector: string; fits: string[] };

/** Over four ConfigMaps: a (tier=web, env=prod), b (tier=web, env=test), c (tier=db), d (none). */
const selectorRows: SelectorRow[] = [
  { selector: 'tier=web', fits: ['a', 'b'] },
  { selector: 'tier==web,env=prod', fits: ['a'] },
  { selector: 'tier!=web', fits: ['c', 'd'] },
  { selector: 'tier', fits: ['a', 'b', 'c'] },
  { selector: '!tier', fits: ['d'] },
  { selector: 'env in (prod, test)', fits: ['a', 'b'] },
  { selector: 'env notin (prod)', fits: ['b', 'c', 'd'] },
  { selector: 'tier in (web,db),!env', fits: ['c'] },
];

/** The four, made once for each API server; their names begin with their letter. */
const selectable = new WeakMap<ConformanceApi, Promise<string>>();

async function createSelectable(api: ConformanceApi): Promise<string> {
  const run = uniqueName('select');
  const labels: Record<string, Record<string, string>> = {
    a: { tier: 'web', env: 'prod' },
    b: { tier: 'web', env: 'test' },
    c: { tier: 'db' },
    d: {},
  };
  for (const [letter, own] of Object.entries(labels)) {
    await done(api.post(configMaps(api), configMap({ name: `${letter}-${run}`, labels: { run, ...own } })));
  }
  return run;
}

const selectors = selectorRows.map(({ selector, fits }): Case => ({
  title: `the label selector "${selector}"`,
  run: async (api) => {
    const creation = selectable.get(api) ?? createSelectable(api);
    selectable.set(api, creation);
    const run = await creation;
    const list = await done(api.get(configMaps(api), { labelSelector: `run=${run},${selector}` }));
    expect(names(list)).toEqual(fits.map((letter) => `${letter}-${run}`));
  },
}));

const fields: Case[] = [
  {
    title: 'the field selector metadata.name selects one object',
    run: async (api) => {
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      expect(names(await done(api.get(configMaps(api), { fieldSelector: `metadata.name=${metadata.name}` })))).toEqual([
        metadata.name,
      ]);
    },
  },
  {
    title: 'the field selector metadata.namespace selects from a list of all namespaces',
    run: async (api) => {
      const { labels } = await family(api);
      await done(api.post(configMaps(api), configMap({ name: uniqueName('map'), labels })));
      const labelSelector = `family=${labels.family}`;
      expect(
        (
          await done(
            api.get('/api/v1/configmaps', { labelSelector, fieldSelector: `metadata.namespace=${api.namespace}` }),
          )
        ).items,
      ).toHaveLength(1);
      expect(
        (
          await done(
            api.get('/api/v1/configmaps', { labelSelector, fieldSelector: `metadata.namespace!=${api.namespace}` }),
          )
        ).items,
      ).toEqual([]);
    },
  },
  {
    title: 'the field selectors spec.nodeName and status.phase select pods',
    run: async (api) => {
      const node = uniqueName('node');
      const { metadata } = await done(api.post(pods(api), pod({ name: uniqueName('pod') }, { nodeName: node })));
      expect(
        names(await done(api.get(pods(api), { fieldSelector: `spec.nodeName=${node},status.phase=Pending` }))),
      ).toEqual([metadata.name]);
      expect(
        names(await done(api.get(pods(api), { fieldSelector: `spec.nodeName=${node},status.phase!=Pending` }))),
      ).toEqual([]);
      await done(api.delete(pods(api, metadata.name), { gracePeriodSeconds: 0 }));
    },
  },
  {
    title: 'a field selector with an unsupported field is refused',
    run: (api) =>
      expectRefused(api.get(configMaps(api), { fieldSelector: 'data.a=1' }), {
        code: 400,
        reason: 'BadRequest',
        message: /"data\.a" is not a known field selector: only "metadata\.name", "metadata\.namespace"/,
      }),
  },
  {
    title: 'an invalid label selector is refused',
    run: (api) =>
      expectRefused(api.get(configMaps(api), { labelSelector: 'a in (' }), {
        code: 400,
        reason: 'BadRequest',
        message: /unable to parse requirement: found ''/,
      }),
  },
];

export const lists: Case[] = [...pages, ...selectors, ...fields];
