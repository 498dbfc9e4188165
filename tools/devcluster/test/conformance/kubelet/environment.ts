/** The environment of a container: variables and files. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName } from '../api.ts';
import { done } from '../case.ts';
import { configMap, configMaps, pathOf } from '../objects.ts';
import { sayingCommand } from './program.ts';
import type { KubeletCase, TestPod } from './scene.ts';

const field = (name: string, fieldPath: string): Fields => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** Returns the first report of the container. */
async function saidBy(web: TestPod): Promise<string> {
  await web.untilReady();
  const line = web.lines().find((candidate) => candidate.startsWith('app said/')) ?? '';
  return line.slice('app said/'.length);
}

const file = (path: string): string => `require('node:fs').readFileSync('${path}', 'utf8')`;

export const environment: KubeletCase[] = [
  {
    title: 'fieldRef variables contain name, node and addresses of the pod',
    run: async ({ api, container, pod }) => {
      const web = pod();
      const env = [
        field('NAMESPACE', 'metadata.namespace'),
        field('UID', 'metadata.uid'),
        field('LABEL', "metadata.labels['colour']"),
        field('NODE', 'spec.nodeName'),
        field('POD_IP', 'status.podIP'),
        field('HOST_IP', 'status.hostIP'),
      ];
      const said =
        "JSON.stringify(['POD_NAME', 'NAMESPACE', 'UID', 'LABEL', 'NODE', 'POD_IP', 'HOST_IP'].map((name) => process.env[name]))";
      await web.create(
        { containers: [container('app', { env, command: sayingCommand(said) })] },
        { labels: { colour: 'green' } },
      );
      const text = await saidBy(web);
      const { metadata, spec, status } = await web.until(() => true);
      expect(JSON.parse(text)).toEqual([
        web.name,
        api.namespace,
        metadata.uid,
        'green',
        spec.nodeName,
        status.podIP,
        status.hostIP,
      ]);
    },
  },
  {
    title: 'variables can refer to ConfigMaps, Secrets and other variables',
    run: async ({ api, container, pod }) => {
      const web = pod();
      const name = uniqueName('settings');
      await done(api.post(configMaps(api), configMap({ name }, { host: 'till' })));
      await done(
        api.post(pathOf(api, 'v1', 'secrets'), {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name },
          stringData: { port: '7000' },
        }),
      );
      const env = [
        { name: 'HOST', valueFrom: { configMapKeyRef: { name, key: 'host' } } },
        { name: 'HIDDEN', valueFrom: { secretKeyRef: { name, key: 'port' } } },
        { name: 'NONE', valueFrom: { secretKeyRef: { name, key: 'none', optional: true } } },
        { name: 'URL', value: 'http://$(HOST):$(HIDDEN)/$(UNSET)/$$(HOST)' },
      ];
      await web.create({
        containers: [container('app', { env, command: sayingCommand("process.env.URL + ' ' + process.env.NONE") })],
      });
      expect(await saidBy(web)).toBe('http://till:7000/$(UNSET)/$(HOST) undefined');
    },
  },
  {
    title: 'a container with a missing ConfigMap waits, with the reason in its status',
    run: async ({ container, pod }) => {
      const web = pod();
      const name = uniqueName('late');
      await web.create({
        containers: [
          container('app', { env: [{ name: 'HOST', valueFrom: { configMapKeyRef: { name, key: 'host' } } }] }),
        ],
      });
      // A kubelet that begins to follow a ConfigMap waits a second for it, and may say first that it does not know it yet.
      const waiting = await web.until(({ status }) =>
        JSON.stringify(status.containerStatuses ?? '').includes('not found'),
      );
      expect(waiting.status).toMatchObject({
        phase: 'Pending',
        containerStatuses: [
          { state: { waiting: { reason: 'CreateContainerConfigError', message: `configmap "${name}" not found` } } },
        ],
      });
    },
  },
  {
    title: 'a projected ServiceAccount token is a file, and a review returns its user',
    run: async ({ api, container, pod }) => {
      const web = pod();
      const volumes = [
        {
          name: 'token',
          projected: {
            sources: [{ serviceAccountToken: { audience: 'holdfast', path: 'till/token', expirationSeconds: 3600 } }],
          },
        },
      ];
      const volumeMounts = [{ name: 'token', mountPath: '/var/run/holdfast' }];
      await web.create({
        volumes,
        containers: [container('app', { volumeMounts, command: sayingCommand(file('/var/run/holdfast/till/token')) })],
      });
      const token = await saidBy(web);
      const { metadata } = await web.until(() => true);
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Fields;
      expect(claims).toMatchObject({
        aud: ['holdfast'],
        'kubernetes.io': {
          namespace: api.namespace,
          pod: { name: web.name, uid: metadata.uid },
          serviceaccount: { name: 'default' },
        },
      });
      const review = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: ['holdfast'] },
      };
      const { status } = await done(api.post('/apis/authentication.k8s.io/v1/tokenreviews', review));
      expect(status).toMatchObject({
        authenticated: true,
        audiences: ['holdfast'],
        user: { username: `system:serviceaccount:${api.namespace}:default` },
      });
    },
  },
  {
    title: 'an app reads what an init container has written to a volume, and the keys of a ConfigMap',
    run: async ({ api, container, pod }) => {
      const web = pod();
      const name = uniqueName('pages');
      await done(api.post(configMaps(api), configMap({ name }, { greeting: 'good day' })));
      const volumes = [
        { name: 'shared', emptyDir: {} },
        { name: 'pages', configMap: { name, items: [{ key: 'greeting', path: 'en/greeting' }] } },
      ];
      const write = {
        volumeMounts: [{ name: 'shared', mountPath: '/left' }],
        command: ['node', '-e', "require('node:fs').writeFileSync('/left/word', 'by the first')"],
      };
      const read = {
        volumeMounts: [
          { name: 'shared', mountPath: '/found' },
          { name: 'pages', mountPath: '/pages' },
        ],
        command: sayingCommand(`${file('/found/word')} + ', ' + ${file('/pages/en/greeting')}`),
      };
      await web.create({
        volumes,
        securityContext: { fsGroup: 1000 },
        initContainers: [container('first', write)],
        containers: [container('app', read)],
      });
      expect(await saidBy(web)).toBe('by the first, good day');
    },
  },
];
