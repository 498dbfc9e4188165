/** Defines a Jest test for each case. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { uniqueName, type Connection, type ConformanceApi } from './api.ts';
import { done, eventually, type Topics } from './case.ts';

/** Titles of the cases in which a server is known to differ, with the reason. */
export type Differences = Readonly<Record<string, string>>;

/** A limit on hangs: the first case of a topic may have to wait until its definitions are served, and cases of the kubelet run side by side. */
const patienceMs = 120_000;

/** Where cases run. */
export type Server = { api: Connection; stop(): Promise<void> };

/** Against a server that runs from before the first case until after the last. */
export function defineOnServer(start: () => Promise<Server>, topics: Topics, differences?: Differences): void {
  let server: Server;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop(), 60_000);

  defineConformance(topics, () => server.api, differences);
}

function defineConformance(topics: Topics, api: () => ConformanceApi, differences: Differences = {}): void {
  const titles = Object.values(topics).flatMap((cases) => cases.map(({ title }) => title));
  test('titles of cases are unique, and each listed difference is a case', () => {
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
    expect(Object.keys(differences).filter((title) => !titles.includes(title))).toEqual([]);
  });
  describe.each(Object.entries(topics))('%s', (_topic, cases) => {
    for (const { title, run, skipReason, waits } of cases) {
      const define = waits ? test.concurrent : test;
      if (skipReason !== undefined) declare(test.skip, `${title} [skipped: ${skipReason}]`, () => run(api()));
      else if (title in differences) {
        declare(define, `${title} [differs: ${differences[title]}]`, () => mustFail(run(api())));
      } else declare(define, title, () => run(api()));
    }
  });
}

function declare(define: Pick<typeof test, 'each'>, title: string, run: () => Promise<void>): void {
  define.each([title])('%s', async () => expect(await run()).toBeUndefined(), patienceMs);
}

/** So that the list of differences stays true. */
async function mustFail(running: Promise<void>): Promise<void> {
  const failed = await running.then(
    () => false,
    () => true,
  );
  if (!failed) throw new Error('it no longer differs: take it from the list');
}

/** Creates the namespace of the cases. A real server admits pods only if the namespace has its default ServiceAccount. */
export async function createNamespace(connection: (namespace: string) => Connection): Promise<Connection> {
  const namespace = uniqueName('conformance');
  const api = connection(namespace);
  await done(api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  // The controller may have created it.
  await api.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
  return api;
}

/** Deletes the objects that the cases have left. Waits for the deletion of CRDs: another test may install one of them again. */
export async function cleanUp(api: Connection): Promise<void> {
  await Promise.all(
    api.toDeleteAtEnd.map(async (path) => {
      await api.delete(path);
      await eventually(
        () => api.get(path),
        ({ status }) => status === 404,
      );
    }),
  );
  await done(api.delete(`/api/v1/namespaces/${api.namespace}`));
  api.close();
}
