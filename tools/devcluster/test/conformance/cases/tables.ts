/** Tables, as kubectl get asks for them. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, eventually, type Case } from '../case.ts';
import { sharedWidgets, withSpec } from '../custom-resource.ts';
import { configMap, configMaps, deployment, deployments, pathOf, pod, pods, service, services } from '../objects.ts';

const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

type Table = {
  columns: { name: string; type: string; priority: number }[];
  cells: Record<string, unknown>[];
  body: Fields;
};

async function tableOf(api: ConformanceApi, path: string, query: Record<string, string> = {}): Promise<Table> {
  const body = await done(api.request('GET', path, { accept, query }));
  expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
  const columns = body.columnDefinitions as Table['columns'];
  const rows = body.rows as { cells: unknown[] }[];
  return {
    columns,
    body,
    cells: rows.map(({ cells }) => Object.fromEntries(columns.map(({ name }, index) => [name, cells[index]]))),
  };
}

const narrow = ({ columns }: Table): string[] =>
  columns.filter(({ priority }) => priority === 0).map(({ name }) => name);

const wide = ({ columns }: Table): string[] => columns.filter(({ priority }) => priority > 0).map(({ name }) => name);

type ColumnsRow = { kind: string; path: (api: ConformanceApi) => string; columns: string[] };

const columnRows: ColumnsRow[] = [
  {
    kind: 'pods',
    path: (api) => pods(api),
    columns: ['Name', 'Ready', 'Status', 'Restarts', 'Age'],
  },
  {
    kind: 'deployments',
    path: (api) => deployments(api),
    columns: ['Name', 'Ready', 'Up-to-date', 'Available', 'Age'],
  },
  {
    kind: 'replicasets',
    path: (api) => pathOf(api, 'apps/v1', 'replicasets'),
    columns: ['Name', 'Desired', 'Current', 'Ready', 'Age'],
  },
  {
    kind: 'services',
    path: (api) => services(api),
    columns: ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age'],
  },
  {
    kind: 'events',
    path: (api) => pathOf(api, 'v1', 'events'),
    columns: ['Last Seen', 'Type', 'Reason', 'Object', 'Message'],
  },
  { kind: 'configmaps', path: (api) => configMaps(api), columns: ['Name', 'Data', 'Age'] },
];

const columnCases = columnRows.map(({ kind, path, columns }): Case => ({
  title: `the columns of ${kind}`,
  run: async (api) => {
    const table = await tableOf(api, path(api));
    expect(narrow(table)).toEqual(columns);
  },
}));

const ready = (name: string, isReady: boolean, state: Fields): Fields => ({
  name,
  ready: isReady,
  restartCount: 2,
  image: 'a',
  imageID: '',
  state,
});

const cellCases: Case[] = [
  {
    title: 'the table row of a pending pod',
    run: async (api) => {
      const { metadata } = await done(api.post(pods(api), pod()));
      const { cells } = await tableOf(api, pods(api, metadata.name));
      expect(cells).toMatchObject([{ Name: metadata.name, Ready: '0/1', Status: 'Pending', Restarts: '0' }]);
    },
  },
  {
    title: 'the table rows of a running and of a terminating pod',
    run: async (api) => {
      const { metadata } = await done(api.post(pods(api), pod({ name: uniqueName('pod') }, { nodeName: 'nowhere' })));
      const containerStatuses = [ready('app', true, { running: { startedAt: '2026-01-01T00:00:00Z' } })];
      await done(
        api.patch('merge', pods(api, metadata.name, 'status'), {
          status: { phase: 'Running', podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }], containerStatuses },
        }),
      );
      const running = await tableOf(api, pods(api, metadata.name));
      await done(api.delete(pods(api, metadata.name)));
      const deleted = await tableOf(api, pods(api, metadata.name));
      await api.delete(pods(api, metadata.name), { gracePeriodSeconds: 0 });
      expect(running.cells).toMatchObject([{ Ready: '1/1', Status: 'Running', Restarts: '2' }]);
      expect(deleted.cells).toMatchObject([{ Ready: '1/1', Status: 'Terminating' }]);
    },
  },
  {
    title: 'the table row of a pod with a waiting container shows the reason',
    run: async (api) => {
      const { metadata } = await done(api.post(pods(api), pod({ name: uniqueName('pod') }, { nodeName: 'nowhere' })));
      const containerStatuses = [ready('app', false, { waiting: { reason: 'CrashLoopBackOff' } })];
      await done(
        api.patch('merge', pods(api, metadata.name, 'status'), { status: { phase: 'Running', containerStatuses } }),
      );
      const { cells } = await tableOf(api, pods(api, metadata.name));
      await api.delete(pods(api, metadata.name), { gracePeriodSeconds: 0 });
      expect(cells).toMatchObject([{ Ready: '0/1', Status: 'CrashLoopBackOff' }]);
    },
  },
  {
    title: 'the table row of a Deployment',
    run: async (api) => {
      const { metadata } = await done(api.post(deployments(api), deployment({ name: uniqueName('web') })));
      const { cells } = await tableOf(api, deployments(api, metadata.name));
      expect(cells).toMatchObject([
        {
          Name: metadata.name,
          Ready: '0/0',
          'Up-to-date': 0,
          Available: 0,
        },
      ]);
    },
  },
  {
    title: 'the table row of a Service',
    run: async (api) => {
      const { metadata } = await done(
        api.post(
          services(api),
          service(
            { name: uniqueName('svc') },
            {
              clusterIP: 'None',
              ports: [
                { name: 'a', port: 80 },
                { name: 'b', port: 53, protocol: 'UDP' },
              ],
            },
          ),
        ),
      );
      const { cells } = await tableOf(api, services(api, metadata.name));
      expect(cells).toMatchObject([
        {
          Type: 'ClusterIP',
          'Cluster-IP': 'None',
          'External-IP': '<none>',
          'Port(s)': '80/TCP,53/UDP',
        },
      ]);
    },
  },
  {
    title: 'a table row contains the metadata of its object, the whole object or none, as requested',
    run: async (api) => {
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      const first = async (includeObject?: string): Promise<Fields> =>
        (
          (await tableOf(api, configMaps(api, metadata.name), includeObject === undefined ? {} : { includeObject }))
            .body.rows as Fields[]
        )[0] ?? {};
      expect(await first()).toMatchObject({
        object: { kind: 'PartialObjectMetadata', metadata: { uid: metadata.uid } },
      });
      expect(await first('Object')).toMatchObject({ object: { kind: 'ConfigMap', data: { a: '1' } } });
      expect((await first('None')).object ?? undefined).toBeUndefined();
    },
  },
  {
    title: 'a table of a list has its resource version, and a row for each object',
    run: async (api) => {
      const run = uniqueName('run');
      for (const letter of ['a', 'b']) {
        await done(api.post(configMaps(api), configMap({ name: `${letter}-${run}`, labels: { run } })));
      }
      const { body, cells } = await tableOf(api, configMaps(api), { labelSelector: `run=${run}` });
      expect((body.metadata as Fields).resourceVersion).toMatch(/^\d+$/);
      expect(cells).toMatchObject([{ Name: `a-${run}`, Data: 1 }, { Name: `b-${run}` }]);
    },
  },
  {
    title: 'a watch sends tables if requested, with columns in the first only',
    run: async (api) => {
      const run = uniqueName('run');
      for (const letter of ['a', 'b']) {
        await done(api.post(configMaps(api), configMap({ name: `${letter}-${run}`, labels: { run } })));
      }
      const { text } = await api.request('GET', configMaps(api), {
        accept,
        query: { watch: 'true', labelSelector: `run=${run}`, timeoutSeconds: '1' },
      });
      const events = text
        .trim()
        .split('\n')
        .map(
          (line) =>
            JSON.parse(line) as {
              type: string;
              object: { kind: string; columnDefinitions: unknown[] | null; rows: Fields[] };
            },
        );
      expect(
        events.map(({ type, object }) => [
          type,
          object.kind,
          object.rows.length,
          (object.columnDefinitions ?? []).length > 0,
        ]),
      ).toEqual([
        ['ADDED', 'Table', 1, true],
        ['ADDED', 'Table', 1, false],
      ]);
    },
  },
];

const printed = sharedWidgets([
  {
    name: 'v1',
    schema: withSpec({
      size: { type: 'integer' },
      tags: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    }),
    additionalPrinterColumns: [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'How large.' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Note', type: 'string', jsonPath: '.spec.tags[0].name', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
  },
]);
const unprinted = sharedWidgets([{ name: 'v1' }]);

const customCases: Case[] = [
  {
    title: 'the columns of a custom kind are its name and those of its definition',
    run: async (api) => {
      const { path } = await printed(api);
      const table = await tableOf(api, path());
      expect({ columns: narrow(table), wide: wide(table) }).toEqual({
        columns: ['Name', 'Size', 'Ready', 'Age'],
        wide: ['Note'],
      });
      expect(table.columns[1]).toMatchObject({ name: 'Size', type: 'integer', description: 'How large.' });
    },
  },
  {
    title: 'the cells of a custom object are read by their paths, null if there is no value',
    run: async (api) => {
      const { path, widget } = await printed(api);
      const filled = await done(
        api.post(path(), {
          ...widget({ size: 3, tags: [{ name: 'first' }] }),
          status: {
            conditions: [
              { type: 'Other', status: 'False' },
              { type: 'Ready', status: 'True' },
            ],
          },
        }),
      );
      const empty = await done(api.post(path(), widget()));
      expect((await tableOf(api, path(filled.metadata.name))).cells).toMatchObject([
        { Size: 3, Ready: 'True', Note: 'first', Age: expect.stringMatching(/^\d+s$/) },
      ]);
      expect((await tableOf(api, path(empty.metadata.name))).cells).toMatchObject([{ Size: null, Ready: null }]);
    },
  },
  {
    title: 'a custom kind without columns has name and age',
    run: async (api) => {
      const { path } = await unprinted(api);
      const { status } = await eventually(
        () => api.get(path()),
        (answer) => answer.status === 200,
      );
      expect(status).toBe(200);
      expect(narrow(await tableOf(api, path()))).toEqual(['Name', 'Age']);
    },
  },
];

export const tables: Case[] = [...columnCases, ...cellCases, ...customCases];
