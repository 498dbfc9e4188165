import { afterAll, expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import {
  apply,
  deployment,
  eventsAbout,
  installOperator,
  stickyWorkload,
  untilReason,
} from '../../support/api-world.ts';
import { kubectl, kubectlInput, until } from '../../support/kubectl.ts';
import { getObject, listObjects, type LiveObject } from '../../support/objects.ts';
import { createTlsClient, type TlsClient } from '../../support/tls-client.ts';

const namespace = 'deletion-cost';
const operatorNamespace = 'holdfast-system';
const keys = 'holdfast-session-keys';
const cost = 'controller.kubernetes.io/pod-deletion-cost';
const serviceAccount = 'system:serviceaccount:holdfast-system:holdfast-operator';

/** The period of costs and keys is five seconds. */
const limitMs = 60_000;

const annotationsOf = (pod: LiveObject | undefined) =>
  (pod?.metadata as { annotations?: Record<string, string> } | undefined)?.annotations ?? {};
const costOf = async (name: string) => annotationsOf(await getObject('pod', name, namespace))[cost];
const podsOf = (app: string) => listObjects('pods', namespace, `app=${app}`);

/** What a kubelet would report: there is none. */
async function makeRun({ metadata: { name } }: LiveObject, number: number): Promise<void> {
  const status = {
    phase: 'Running',
    podIP: `10.9.0.${number}`,
    podIPs: [{ ip: `10.9.0.${number}` }],
    conditions: [{ type: 'Ready', status: 'True' }],
  };
  await kubectl(
    'patch',
    'pod',
    name,
    '-n',
    namespace,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  );
}

describeWithApi('pod-deletion-cost', () => {
  let client: TlsClient;
  let token: string;
  let pods: string[];
  let sequence = 0;

  const operator = installOperator(namespace, async () => {
    await apply(stickyWorkload(namespace, 'cart'));
    await apply(deployment(namespace, 'cart'));
    await kubectl('scale', 'deployment/cart', '-n', namespace, '--replicas=4');
    const made = await until('four pods', async () =>
      (await podsOf('cart')).length === 4 ? podsOf('cart') : undefined,
    );
    pods = made.map(({ metadata }) => metadata.name).toSorted();
    for (const [number, pod] of made.entries()) await makeRun(pod, number + 1);
    await untilReason(namespace, 'cart', 'Programmed', 'ProxyNotReady');
    const proxy = await until(
      'a pod of the proxy',
      async () => (await listObjects('pods', namespace, 'app.kubernetes.io/component=proxy'))[0],
    );
    await makeRun(proxy, 100);
    token = (
      await kubectl(
        'create',
        'token',
        'holdfast-holdfast',
        '-n',
        namespace,
        '--audience=holdfast',
        '--bound-object-kind=Pod',
        `--bound-object-name=${proxy.metadata.name}`,
      )
    ).trim();
    const authority = await getObject('secret', 'holdfast-ca', 'holdfast-system');
    const { 'tls.crt': certificate = '' } = (authority?.['data'] ?? {}) as Record<string, string>;
    const caPem = Buffer.from(certificate, 'base64').toString();
    client = createTlsClient({ port: operator().listening().discovery, caPem });
    await until('all pods in the table', () => Promise.resolve(Object.keys(uids()).length === 4));
  });
  afterAll(() => client?.close());

  const uids = (): Record<string, string> => {
    const endpoints =
      operator().translations.table(`${namespace}/holdfast`)?.table.backends[`${namespace}/cart`]?.endpoints ?? [];
    return Object.fromEntries(endpoints.map(({ pod, uid }) => [pod, uid]));
  };

  /** One report of the proxy: sessions by pod. */
  async function report(counts: Record<string, number>): Promise<void> {
    sequence += 1;
    const endpoints = Object.entries(uids()).map(([pod, uid]) => ({
      uid,
      sessions: counts[pod] ?? 0,
      expiresAtMs: Date.now() + 1_800_000,
    }));
    const body = JSON.stringify({ startedAtMs: 1, sequence, endpoints, ended: [], seen: [] });
    expect(await client.call('POST', '/v1/report', { token, body })).toMatchObject({ status: 200 });
  }

  test(
    'follows sessions, and a ReplicaSet that scales down removes the idle pod',
    async () => {
      const [first = '', second = '', idle = '', fourth = ''] = pods;
      await until('costs of busy pods', async () => {
        await report({ [first]: 5, [second]: 40, [fourth]: 2 });
        return (await costOf(first)) === '3' && (await costOf(second)) === '6' && (await costOf(fourth)) === '2';
      });
      expect(await costOf(idle)).toBeUndefined();
      await kubectl('scale', 'deployment/cart', '-n', namespace, '--replicas=3');
      await until('three pods', async () => (await podsOf('cart')).length === 3);
      expect(await getObject('pod', idle, namespace)).toBeUndefined();
      expect(await Promise.all([first, second, fourth].map(costOf))).toEqual(['3', '6', '2']);
    },
    limitMs,
  );

  test(
    'of another controller is not changed, and is reported',
    async () => {
      const [first = '', second = ''] = pods;
      await kubectl('annotate', 'pod', first, '-n', namespace, '--overwrite', `${cost}=-2147483648`);
      await until('its event', async () => {
        await report({ [first]: 500, [second]: 1 });
        return (await eventsAbout(namespace, 'cart')).some((event) =>
          event.startsWith(`DeletionCostConflict: Another controller manages ${cost} of pod ${first}`),
        );
      });
      expect(await costOf(first)).toBe('-2147483648');
    },
    limitMs,
  );

  test(
    "may be written by the operator's ServiceAccount of the manifests, which may update the master keys and no Secret of a user",
    async () => {
      const [, second = ''] = pods;
      const object = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name: second, annotations: { [cost]: '9' } },
      };
      await kubectlInput(
        JSON.stringify(object),
        'apply',
        '--server-side',
        '--field-manager=holdfast',
        `--as=${serviceAccount}`,
        '-f',
        '-',
      );
      expect(await costOf(second)).toBe('9');
      const may = async (verb: string, secret: string, of: string): Promise<string> =>
        (await kubectl('auth', 'can-i', verb, secret, '-n', of, `--as=${serviceAccount}`).catch(() => 'no')).trim();
      expect(await may('update', 'secrets/holdfast-session-keys', 'holdfast-system')).toBe('yes');
      expect(await may('watch', 'secrets/holdfast-session-keys', 'holdfast-system')).toBe('yes');
      for (const verb of ['create', 'update', 'patch', 'delete', 'get']) {
        expect([verb, await may(verb, 'secrets', namespace)]).toEqual([verb, 'no']);
      }
    },
    limitMs,
  );

  test(
    'is unaffected by a requested key rotation, which adds a key to the Secret and keeps the signing one',
    async () => {
      const dataOf = async () =>
        ((await getObject('secret', keys, operatorNamespace))?.['data'] ?? {}) as Record<string, string>;
      const before = await dataOf();
      await kubectl('annotate', 'secret', keys, '-n', operatorNamespace, 'holdfast.dev/rotate-session-keys=monday');
      const after = await until('a second key', async () => ('key-2' in (await dataOf()) ? dataOf() : undefined));
      expect(after).toEqual({ ...before, 'key-2': expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) });
      await until('its event', async () =>
        (await eventsAbout(operatorNamespace, keys)).some((event) => event.startsWith('KeyRotationStarted: ')),
      );
    },
    limitMs,
  );
});
