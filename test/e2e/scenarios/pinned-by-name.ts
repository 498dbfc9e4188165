/** Pods of a StatefulSet with a volume each: sessions wait for the next pod of the same name, until the StatefulSet has no such pod any more. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { fetchOnce } from '../../support/fetch-once.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { appPods, proxyPods } from '../../support/shop-cluster.ts';
import { sumMetric } from '../world/proxies.ts';
import { inShop } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

type Answer = { status: number; pod?: string; secret?: string; retryAfter: string | null; setsCookie: boolean };

const spec = { drain: { timeout: '4s', quietPeriod: '1s', shutdownMargin: '5s' } };
const env = [{ name: 'SESSIONS_FILE', value: '/data/$(POD_NAME).json' }];

const podWith = (folder: string) => ({
  nodeSelector: { 'kubernetes.io/hostname': 'node' },
  volumes: [{ name: 'data', hostPath: { path: folder } }],
});

/** A client that keeps its cookies, and never repeats a request. */
function createClient(host: string) {
  const cookies = new Map<string, string>();
  const call = async (method: string, path: string): Promise<Answer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetchOnce(`http://${host}${path}`, { method, headers: cookie ? { cookie } : {} });
    const set = response.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '');
    for (const pair of set) cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    const text = await response.text();
    const body = text.startsWith('{') ? (JSON.parse(text) as Pick<Answer, 'pod' | 'secret'>) : {};
    const retryAfter = response.headers.get('retry-after');
    return { ...body, status: response.status, retryAfter, setsCookie: set.length > 0 };
  };
  return { login: () => call('POST', '/login'), view: () => call('GET', '/cart') };
}

/** The client of a session on this pod, with the session's secret. */
async function loginOn(host: string, pod: string) {
  return until(`a session on ${pod}`, async () => {
    const client = createClient(host);
    const answer = await client.login();
    return answer.pod === pod && { client, secret: answer.secret };
  });
}

const uidOf = async (namespace: string, name: string) =>
  (await appPods(namespace)).find(({ metadata }) => metadata.name === name)?.metadata.uid;

const lossesIn = async (namespace: string) => sumMetric(await proxyPods(namespace), 'holdfast_sessions_lost_total');

export const pinnedByName: Scenario = {
  title:
    'a pod of a StatefulSet is replaced: its sessions wait for the next one of its name, and are lost only by a scale-down',
  play: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
    await chmod(folder, 0o777);
    const container = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    const options = { replicas: 2, kind: 'StatefulSet', env, spec, container, pod: podWith(folder) } as const;
    await inShop('e2e-names', options, async ({ namespace, host }) => {
      const { client, secret } = await loginOn(host, 'cart-1');
      const replaced = await uidOf(namespace, 'cart-1');
      await kubectl('-n', namespace, 'delete', 'pod', 'cart-1', '--wait=false');
      const answers: Answer[] = [];
      await until(
        'the session on the next pod',
        async () => {
          const answer = await client.view();
          answers.push(answer);
          const uid = await uidOf(namespace, 'cart-1');
          return uid !== undefined && uid !== replaced && answer.status === 200;
        },
        60_000,
      );
      const waited = answers.filter(({ status }) => status !== 200);
      process.stdout.write(
        `${JSON.stringify({ run: 'pinned-by-name', answers: answers.length, waited: waited.length })}\n`,
      );
      expect(waited.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual([]);
      expect(answers.filter(({ setsCookie }) => setsCookie)).toEqual([]);
      expect(answers.at(-1)).toMatchObject({ pod: 'cart-1', secret });
      expect(await lossesIn(namespace)).toBe(0);
      await kubectl('-n', namespace, 'scale', 'statefulset/cart', '--replicas=1');
      await until('cart-1 gone', async () => (await uidOf(namespace, 'cart-1')) === undefined, 60_000);
      const moved = await until('the session on another pod', async () => {
        const answer = await client.view();
        return answer.pod === 'cart-0' && answer;
      });
      expect(moved).toMatchObject({ status: 401, setsCookie: true });
      expect(await lossesIn(namespace)).toBe(1);
    });
  },
};
