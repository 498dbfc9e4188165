/** Built-in kinds: defaults, scale, and invalid values. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { configMaps, deployment, deployments, pathOf, pod, service, services } from '../objects.ts';

const dryRun = { dryRun: 'All' };

type DefaultsRow = { title: string; apiVersion: string; plural: string; object: () => Fields; expected: Fields };

const web = { matchLabels: { app: 'web' } };
const probe = { httpGet: { port: 8080 } };
const containerWith = (fields: Fields): Fields => ({
  containers: [{ name: 'app', image: 'example.test/app:1', ...fields }],
});

const defaultsRows: DefaultsRow[] = [
  {
    title: 'a Deployment gets defaults for replicas, strategy, history and deadline',
    apiVersion: 'apps/v1',
    plural: 'deployments',
    object: () => deployment({ name: uniqueName('web') }, { replicas: undefined }),
    expected: {
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
    },
  },
  {
    title: 'the pods of a Deployment get the defaults of pods',
    apiVersion: 'apps/v1',
    plural: 'deployments',
    object: () => deployment(),
    expected: {
      spec: {
        template: {
          spec: {
            restartPolicy: 'Always',
            terminationGracePeriodSeconds: 30,
            dnsPolicy: 'ClusterFirst',
            schedulerName: 'default-scheduler',
            securityContext: {},
            containers: [
              {
                terminationMessagePath: '/dev/termination-log',
                terminationMessagePolicy: 'File',
                imagePullPolicy: 'IfNotPresent',
                resources: {},
              },
            ],
          },
        },
      },
    },
  },
  {
    title: 'a new pod is Pending and has a QoS class and a ServiceAccount',
    apiVersion: 'v1',
    plural: 'pods',
    object: () => pod(),
    expected: {
      spec: { serviceAccountName: 'default', enableServiceLinks: true, preemptionPolicy: 'PreemptLowerPriority' },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    },
  },
  {
    title: 'a probe gets its default periods',
    apiVersion: 'v1',
    plural: 'pods',
    object: () => pod({ name: uniqueName('pod') }, containerWith({ readinessProbe: probe })),
    expected: {
      spec: {
        containers: [
          {
            readinessProbe: {
              httpGet: { path: '/', port: 8080, scheme: 'HTTP' },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
          },
        ],
      },
    },
  },
  {
    title: 'an HTTP hook gets a default path and scheme',
    apiVersion: 'v1',
    plural: 'pods',
    object: () => pod({ name: uniqueName('pod') }, containerWith({ lifecycle: { preStop: { httpGet: { port: 9 } } } })),
    expected: {
      spec: { containers: [{ lifecycle: { preStop: { httpGet: { path: '/', port: 9, scheme: 'HTTP' } } } }] },
    },
  },
  {
    title: 'an image without a tag is always pulled',
    apiVersion: 'v1',
    plural: 'pods',
    object: () => pod({ name: uniqueName('pod') }, { containers: [{ name: 'app', image: 'app' }] }),
    expected: { spec: { containers: [{ imagePullPolicy: 'Always' }] } },
  },
  {
    title: 'a container port is TCP by default',
    apiVersion: 'v1',
    plural: 'pods',
    object: () => pod({ name: uniqueName('pod') }, containerWith({ ports: [{ containerPort: 80 }] })),
    expected: { spec: { containers: [{ ports: [{ containerPort: 80, protocol: 'TCP' }] }] } },
  },
  {
    title: 'limits are the default of requests',
    apiVersion: 'v1',
    plural: 'pods',
    object: () =>
      pod({ name: uniqueName('pod') }, containerWith({ resources: { limits: { cpu: '1', memory: '1Gi' } } })),
    expected: {
      spec: { containers: [{ resources: { requests: { cpu: '1', memory: '1Gi' } } }] },
      status: { qosClass: 'Guaranteed' },
    },
  },
  {
    title: 'Secret and projected volumes have a default mode',
    apiVersion: 'v1',
    plural: 'pods',
    object: () =>
      pod(
        { name: uniqueName('pod') },
        {
          automountServiceAccountToken: false,
          volumes: [
            { name: 'a', secret: { secretName: 'a' } },
            { name: 'b', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
          ],
        },
      ),
    expected: {
      spec: {
        volumes: [
          { name: 'a', secret: { defaultMode: 420 } },
          {
            name: 'b',
            projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] },
          },
        ],
      },
    },
  },
  {
    title: 'a Service gets defaults for type, protocol, target port and affinity',
    apiVersion: 'v1',
    plural: 'services',
    object: () => service(),
    expected: {
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ipFamilyPolicy: 'SingleStack',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
    },
  },
  {
    title: 'the affinity ClientIP has a default timeout',
    apiVersion: 'v1',
    plural: 'services',
    object: () => service({ name: uniqueName('svc') }, { sessionAffinity: 'ClientIP' }),
    expected: { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } } },
  },
  {
    title: 'a ReplicaSet has one replica by default',
    apiVersion: 'apps/v1',
    plural: 'replicasets',
    object: () => ({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: uniqueName('set') },
      spec: { selector: web, template: { metadata: { labels: web.matchLabels }, spec: containerWith({}) } },
    }),
    expected: { spec: { replicas: 1 }, status: { replicas: 0 } },
  },
];

const defaults = defaultsRows.map(({ title, apiVersion, plural, object, expected }): Case => ({
  title,
  run: async (api) => {
    expect(await done(api.post(pathOf(api, apiVersion, plural), object(), dryRun))).toMatchObject(expected);
  },
}));

type UnreadableRow = { title: string; apiVersion: string; plural: string; object: Fields; message: RegExp };

const unreadableRows: UnreadableRow[] = [
  {
    title: 'a list in an object field is refused',
    apiVersion: 'v1',
    plural: 'pods',
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bad' }, spec: [] },
    message: /cannot unmarshal array into Go struct field \S*spec of type /,
  },
  {
    title: 'an invalid quantity is refused',
    apiVersion: 'v1',
    plural: 'pods',
    object: pod({ name: 'bad' }, containerWith({ resources: { requests: { cpu: 'lots' } } })),
    message: /quantities must match the regular expression/,
  },
  {
    title: 'a number in the data of a ConfigMap is refused',
    apiVersion: 'v1',
    plural: 'configmaps',
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' }, data: { a: 1 } },
    message: /cannot unmarshal number into Go struct field \S*data\S* of type string/,
  },
];

const unreadable = unreadableRows.map(({ title, apiVersion, plural, object, message }): Case => ({
  title,
  run: (api) =>
    expectRefused(api.post(pathOf(api, apiVersion, plural), object, dryRun), {
      code: 400,
      reason: 'BadRequest',
      message,
    }),
}));

const scaling: Case[] = [
  {
    title: 'the scale of a Deployment has replicas and selector',
    run: async (api) => {
      const { metadata } = await done(api.post(deployments(api), deployment({ name: uniqueName('web') })));
      expect(await done(api.get(deployments(api, metadata.name, 'scale')))).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name: metadata.name, namespace: api.namespace, uid: metadata.uid },
        spec: {},
        status: { replicas: 0, selector: `app=${metadata.name}` },
      });
    },
  },
  {
    title: 'a write to the scale of a Deployment changes its replicas and its generation',
    run: async (api) => {
      const { metadata } = await done(api.post(deployments(api), deployment({ name: uniqueName('web') })));
      expect(
        await done(api.patch('merge', deployments(api, metadata.name, 'scale'), { spec: { replicas: 2 } })),
      ).toMatchObject({ kind: 'Scale', spec: { replicas: 2 } });
      const body = await done(api.get(deployments(api, metadata.name)));
      await done(api.delete(deployments(api, metadata.name)));
      expect(body).toMatchObject({ spec: { replicas: 2 }, metadata: { generation: 2 } });
    },
  },
  {
    title: 'a scale with an old resource version is a Conflict',
    run: async (api) => {
      const { metadata } = await done(api.post(deployments(api), deployment({ name: uniqueName('web') })));
      const scale = {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: metadata.name, namespace: api.namespace, resourceVersion: '1' },
        spec: { replicas: 1 },
      };
      await expectRefused(api.put(deployments(api, metadata.name, 'scale'), scale), {
        code: 409,
        reason: 'Conflict',
        message: /the object has been modified/,
      });
    },
  },
  {
    title: 'a scale of negative replicas is refused',
    run: async (api) => {
      const { metadata } = await done(api.post(deployments(api), deployment({ name: uniqueName('web') })));
      await expectRefused(api.patch('merge', deployments(api, metadata.name, 'scale'), { spec: { replicas: -1 } }), {
        code: 422,
        reason: 'Invalid',
        message: /spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
      });
    },
  },
  {
    title: 'a Service keeps its address',
    run: async (api) => {
      const before = await done(api.post(services(api), service()));
      const { clusterIP, clusterIPs } = before.spec;
      expect(clusterIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(clusterIPs).toEqual([clusterIP]);
      const { clusterIP: _, clusterIPs: __, ...spec } = before.spec;
      expect((await done(api.put(services(api, before.metadata.name), { ...before, spec }))).spec.clusterIP).toBe(
        clusterIP,
      );
    },
  },
  {
    title: 'two Services have two addresses',
    run: async (api) => {
      const addresses = [
        (await done(api.post(services(api), service()))).spec.clusterIP,
        (await done(api.post(services(api), service()))).spec.clusterIP,
      ];
      expect(addresses[0]).not.toBe(addresses[1]);
    },
  },
  {
    title: 'a headless Service has no address',
    run: async (api) => {
      expect(
        (await done(api.post(services(api), service({ name: uniqueName('svc') }, { clusterIP: 'None' })))).spec,
      ).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    },
  },
];

const rare: Case[] = [
  {
    title: 'a ConfigMap can have binary data',
    run: async (api) => {
      expect(
        await done(
          api.post(configMaps(api), {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: uniqueName('map') },
            binaryData: { a: 'AAE=' },
          }),
        ),
      ).toMatchObject({ binaryData: { a: 'AAE=' } });
    },
  },
];

export const builtIn: Case[] = [...defaults, ...unreadable, ...scaling, ...rare];
