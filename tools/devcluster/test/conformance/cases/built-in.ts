/** Built-in kinds: their defaults, their scale, and what is refused of each. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { uniqueName } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { configMap, configMaps, deployment, deployments, pathOf, pod, pods, service, services } from '../objects.ts';

const dryRun = { dryRun: 'All' };

type DefaultsRow = { title: string; apiVersion: string; plural: string; object: () => Fields; expected: Fields };

const web = { matchLabels: { app: 'web' } };
const probe = { httpGet: { port: 8080 } };
const containerWith = (fields: Fields): Fields => ({
  containers: [{ name: 'app', image: 'example.test/app:1', ...fields }],
});

const defaultsRows: DefaultsRow[] = [
  {
    title: 'a Deployment gets replicas, strategy, history and deadline',
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
    title: 'a Deployment that recreates has no rolling update',
    apiVersion: 'apps/v1',
    plural: 'deployments',
    object: () => deployment({ name: uniqueName('web') }, { strategy: { type: 'Recreate' } }),
    expected: { spec: { strategy: { type: 'Recreate' } } },
  },
  {
    title: 'a pod is Pending, of a class of service, and has its ServiceAccount',
    apiVersion: 'v1',
    plural: 'pods',
    object: () => pod(),
    expected: {
      spec: { serviceAccountName: 'default', enableServiceLinks: true, preemptionPolicy: 'PreemptLowerPriority' },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    },
  },
  {
    title: 'a probe gets its periods',
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
    title: 'a hook over HTTP gets path and scheme',
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
    title: 'a port of a container is TCP',
    apiVersion: 'v1',
    plural: 'pods',
    object: () => pod({ name: uniqueName('pod') }, containerWith({ ports: [{ containerPort: 80 }] })),
    expected: { spec: { containers: [{ ports: [{ containerPort: 80, protocol: 'TCP' }] }] } },
  },
  {
    title: 'limits are requests where nothing else is said',
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
    title: 'a volume of a Secret and a projected one have a mode',
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
    title: 'a Service gets type, protocol, target port and affinity',
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
    title: 'affinity by client has a time',
    apiVersion: 'v1',
    plural: 'services',
    object: () => service({ name: uniqueName('svc') }, { sessionAffinity: 'ClientIP' }),
    expected: { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } } },
  },
  {
    title: 'a ReplicaSet has one replica',
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
  {
    title: 'an autoscaler has at least one replica',
    apiVersion: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    object: () => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: uniqueName('hpa') },
      spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    }),
    expected: {
      spec: {
        minReplicas: 1,
        maxReplicas: 5,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    },
  },
];

const defaults = defaultsRows.map(({ title, apiVersion, plural, object, expected }): Case => ({
  title,
  run: async (api) => {
    expect(await done(api.post(pathOf(api, apiVersion, plural), object(), dryRun))).toMatchObject(expected);
  },
}));

type InvalidRow = { title: string; apiVersion: string; plural: string; object: Fields; field: string; message: RegExp };

const invalidPod = (title: string, spec: Fields, field: string, message: RegExp): InvalidRow => ({
  title: `a pod ${title} is refused`,
  apiVersion: 'v1',
  plural: 'pods',
  object: pod({ name: 'bad' }, spec),
  field,
  message,
});
const invalidDeployment = (title: string, spec: Fields, field: string, message: RegExp): InvalidRow => ({
  title: `a Deployment ${title} is refused`,
  apiVersion: 'apps/v1',
  plural: 'deployments',
  object: deployment({ name: 'bad' }, spec),
  field,
  message,
});
const invalidService = (title: string, spec: Fields, field: string, message: RegExp): InvalidRow => ({
  title: `a Service ${title} is refused`,
  apiVersion: 'v1',
  plural: 'services',
  object: service({ name: 'bad' }, spec),
  field,
  message,
});
const otherKind = (
  title: string,
  [apiVersion, kind, plural]: [string, string, string],
  spec: Fields,
  { field, message }: { field: string; message: RegExp },
): InvalidRow => ({
  title,
  apiVersion,
  plural,
  object: { apiVersion, kind, metadata: { name: 'bad' }, spec },
  field,
  message,
});

const template = { metadata: { labels: { app: 'other' } }, spec: containerWith({}) };

const invalidRows: InvalidRow[] = [
  invalidPod('without a container', { containers: [] }, 'spec.containers', /spec\.containers: Required value/),
  invalidPod(
    'with a container without an image',
    { containers: [{ name: 'app' }] },
    'spec.containers[0].image',
    /spec\.containers\[0\]\.image: Required value/,
  ),
  invalidPod(
    'with a container name in capitals',
    { containers: [{ name: 'App', image: 'a' }] },
    'spec.containers[0].name',
    /Invalid value: "App": a lowercase RFC 1123 label/,
  ),
  invalidPod(
    'with two containers of one name',
    {
      containers: [
        { name: 'a', image: 'a' },
        { name: 'a', image: 'b' },
      ],
    },
    'spec.containers[1].name',
    /Duplicate value: "a"/,
  ),
  invalidPod(
    'with a restart policy that does not exist',
    { restartPolicy: 'Sometimes' },
    'spec.restartPolicy',
    /Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"/,
  ),
  invalidPod(
    'with a port beyond the last',
    containerWith({ ports: [{ containerPort: 65_536 }] }),
    'spec.containers[0].ports[0].containerPort',
    /must be between 1 and 65535, inclusive/,
  ),
  invalidPod(
    'with a probe of two kinds',
    containerWith({ livenessProbe: { httpGet: { port: 1 }, tcpSocket: { port: 1 } } }),
    'spec.containers[0].livenessProbe.tcpSocket',
    /may not specify more than 1 handler type/,
  ),
  invalidPod(
    'with a mount of a volume that is not there',
    containerWith({ volumeMounts: [{ name: 'a', mountPath: '/a' }] }),
    'spec.containers[0].volumeMounts[0].name',
    /Not found: "a"/,
  ),
  invalidPod(
    'with a quantity that is none',
    containerWith({ resources: { requests: { cpu: '-1' } } }),
    'spec.containers[0].resources.requests[cpu]',
    /must be greater than or equal to 0/,
  ),
  invalidPod(
    'that asks for more than its limit',
    containerWith({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    'spec.containers[0].resources.requests',
    /must be less than or equal to cpu limit of 1/,
  ),
  invalidDeployment(
    'whose selector does not fit its pods',
    { selector: web, template },
    'spec.template.metadata.labels',
    /Invalid value: \{"app":"other"\}: `selector` does not match template `labels`/,
  ),
  invalidDeployment(
    'without a selector',
    { selector: {} },
    'spec.selector',
    /empty selector is invalid for deployment/,
  ),
  invalidDeployment(
    'of fewer than no replicas',
    { replicas: -1 },
    'spec.replicas',
    /Invalid value: -1: must be greater than or equal to 0/,
  ),
  invalidDeployment(
    'that may neither add nor take away',
    { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
    'spec.strategy.rollingUpdate.maxUnavailable',
    /may not be 0 when `maxSurge` is 0/,
  ),
  invalidDeployment(
    'that recreates and rolls',
    { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
    'spec.strategy.rollingUpdate',
    /may not be specified when strategy `type` is 'Recreate'/,
  ),
  invalidDeployment(
    'with a deadline before a pod counts as available',
    { minReadySeconds: 10, progressDeadlineSeconds: 10 },
    'spec.progressDeadlineSeconds',
    /must be greater than minReadySeconds/,
  ),
  invalidDeployment(
    'whose pods may not restart',
    {
      selector: { matchLabels: { app: 'bad' } },
      template: { metadata: { labels: { app: 'bad' } }, spec: { restartPolicy: 'Never', ...containerWith({}) } },
    },
    'spec.template.spec.restartPolicy',
    /Unsupported value: "Never": supported values: "Always"/,
  ),
  invalidService('without a port', { ports: [] }, 'spec.ports', /spec\.ports: Required value/),
  invalidService(
    'with two ports without names',
    { ports: [{ port: 80 }, { port: 81 }] },
    'spec.ports[0].name',
    /spec\.ports\[0\]\.name: Required value/,
  ),
  invalidService(
    'with the same port twice',
    {
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 80 },
      ],
    },
    'spec.ports[1]',
    /Duplicate value: \{"protocol":"TCP","port":80\}|Duplicate value/,
  ),
  invalidService(
    'with a protocol that does not exist',
    { ports: [{ port: 80, protocol: 'HTTP' }] },
    'spec.ports[0].protocol',
    /Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"/,
  ),
  invalidService(
    'with a target port of nonsense',
    { ports: [{ port: 80, targetPort: 'a_b' }] },
    'spec.ports[0].targetPort',
    /Invalid value: "a_b"/,
  ),
  invalidService(
    'of a type that does not exist',
    { type: 'Magic' },
    'spec.type',
    /Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"/,
  ),
  invalidService(
    'with an address that is none',
    { clusterIP: 'here' },
    'spec.clusterIPs[0]',
    /Invalid value: "here": must be a valid IP address/,
  ),
  otherKind(
    'an autoscaler of more than its maximum is refused',
    ['autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'],
    { minReplicas: 5, maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' } },
    { field: 'spec.maxReplicas', message: /must be greater than or equal to `minReplicas`/ },
  ),
  otherKind(
    'an autoscaler of no replicas at least is refused',
    ['autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'],
    { minReplicas: 0, maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' } },
    { field: 'spec.minReplicas', message: /must be greater than or equal to 1/ },
  ),
  otherKind(
    'a budget of fewer than no pods is refused',
    ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'],
    { minAvailable: -1, selector: web },
    { field: 'spec.minAvailable', message: /must be greater than or equal to 0/ },
  ),
  otherKind(
    'a ReplicaSet whose selector does not fit its pods is refused',
    ['apps/v1', 'ReplicaSet', 'replicasets'],
    { selector: web, template },
    { field: 'spec.template.metadata.labels', message: /`selector` does not match template `labels`/ },
  ),
  otherKind(
    'a Lease of no time is refused',
    ['coordination.k8s.io/v1', 'Lease', 'leases'],
    { leaseDurationSeconds: 0 },
    { field: 'spec.leaseDurationSeconds', message: /must be greater than 0/ },
  ),
  otherKind(
    'a Lease with fewer than no transitions is refused',
    ['coordination.k8s.io/v1', 'Lease', 'leases'],
    { leaseTransitions: -1 },
    { field: 'spec.leaseTransitions', message: /must be greater than or equal to 0/ },
  ),
  {
    title: 'an EndpointSlice of an address type that does not exist is refused',
    apiVersion: 'discovery.k8s.io/v1',
    plural: 'endpointslices',
    object: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'bad' },
      addressType: 'Post',
      endpoints: [],
    },
    field: 'addressType',
    message: /Unsupported value: "Post": supported values: "FQDN", "IPv4", "IPv6"/,
  },
  {
    title: 'an EndpointSlice with an address of another type is refused',
    apiVersion: 'discovery.k8s.io/v1',
    plural: 'endpointslices',
    object: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'bad' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['::1'] }],
    },
    field: 'endpoints[0].addresses[0]',
    message: /must be (an IPv4 address|a valid IPv4 address)/,
  },
  {
    title: 'a ConfigMap with a key with a space is refused',
    apiVersion: 'v1',
    plural: 'configmaps',
    object: configMap({ name: 'bad' }, { 'a b': '1' }),
    field: 'data[a b]',
    message: /a valid config key must consist of alphanumeric characters/,
  },
  {
    title: 'a TLS Secret without its key is refused',
    apiVersion: 'v1',
    plural: 'secrets',
    object: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'bad' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'eA==' },
    },
    field: 'data[tls.key]',
    message: /Required value/,
  },
];

const invalid = invalidRows.map(({ title, apiVersion, plural, object, field, message }): Case => ({
  title,
  run: (api) =>
    expectRefused(api.post(pathOf(api, apiVersion, plural), object, dryRun), {
      code: 422,
      reason: 'Invalid',
      field,
      message,
    }),
}));

type UnreadableRow = { title: string; apiVersion: string; plural: string; object: Fields; message: RegExp };

const unreadableRows: UnreadableRow[] = [
  {
    title: 'a list where an object must be is unreadable',
    apiVersion: 'v1',
    plural: 'pods',
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bad' }, spec: [] },
    message: /cannot unmarshal array into Go struct field Pod\.spec of type v1\.PodSpec/,
  },
  {
    title: 'a quantity of nonsense is unreadable',
    apiVersion: 'v1',
    plural: 'pods',
    object: pod({ name: 'bad' }, containerWith({ resources: { requests: { cpu: 'lots' } } })),
    message: /quantities must match the regular expression/,
  },
  {
    title: 'data of a Secret that is not base64 is unreadable',
    apiVersion: 'v1',
    plural: 'secrets',
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'bad' }, data: { a: '!' } },
    message: /illegal base64 data at input byte 0/,
  },
  {
    title: 'a number where the data of a ConfigMap must be is unreadable',
    apiVersion: 'v1',
    plural: 'configmaps',
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' }, data: { a: 1 } },
    message: /cannot unmarshal number into Go struct field ConfigMap\.data of type string/,
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
      const { metadata } = await done(
        api.post(deployments(api), deployment({ name: uniqueName('web') }, { paused: true })),
      );
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
      const { metadata } = await done(
        api.post(deployments(api), deployment({ name: uniqueName('web') }, { paused: true })),
      );
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
      const { metadata } = await done(
        api.post(deployments(api), deployment({ name: uniqueName('web') }, { paused: true })),
      );
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
    title: 'a scale of fewer than no replicas is refused',
    run: async (api) => {
      const { metadata } = await done(
        api.post(deployments(api), deployment({ name: uniqueName('web') }, { paused: true })),
      );
      await expectRefused(api.patch('merge', deployments(api, metadata.name, 'scale'), { spec: { replicas: -1 } }), {
        code: 422,
        reason: 'Invalid',
        message: /spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
      });
    },
  },
  {
    title: 'a Service gets an address, which it keeps',
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
    title: 'the address of a Service cannot be changed',
    run: async (api) => {
      const { metadata } = await done(api.post(services(api), service()));
      await expectRefused(
        api.patch('merge', services(api, metadata.name), { spec: { clusterIP: 'None', clusterIPs: ['None'] } }),
        { code: 422, reason: 'Invalid', message: /spec\.clusterIPs\[0\]: Invalid value: .*may not change once set/ },
      );
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
    title: 'an apply of an invalid Deployment is Invalid, and stores nothing',
    run: async (api) => {
      const name = uniqueName('web');
      await expectRefused(api.apply('left', deployments(api, name), deployment({ name }, { replicas: -1 })), {
        code: 422,
        reason: 'Invalid',
        field: 'spec.replicas',
      });
      expect((await api.get(deployments(api, name))).status).toBe(404);
    },
  },
  {
    title: 'two errors of one object come in one message, in brackets',
    run: (api) =>
      expectRefused(api.post(pods(api), pod({ name: 'bad' }, { containers: [{ name: 'App' }] }), dryRun), {
        code: 422,
        message: /^Pod "bad" is invalid: \[spec\.containers\[0\]\..*, spec\.containers\[0\]\..*\]$/,
      }),
  },
  {
    title: 'a ConfigMap may have binary data',
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

export const builtIn: Case[] = [...defaults, ...invalid, ...unreadable, ...scaling, ...rare];
