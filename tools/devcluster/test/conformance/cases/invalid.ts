/** Of every built-in kind what a person may get wrong, and what the server says to it. */
import { expect } from '@jest/globals';
import type { Fields } from '../body.ts';
import { expectRefused, type Case } from '../case.ts';
import { groupPath, pathOf } from '../objects.ts';

type Row = {
  title: string;
  /** As in the path: `apps/v1/deployments`. */
  resource: string;
  kind: string;
  object: Fields;
  field: string;
  message: RegExp;
  isOfCluster?: boolean;
};

/** [what is wrong, the fields of the object, the field that the server names, what it says] */
type Wrong = readonly [why: string, object: Fields, field: string, message: RegExp];

/** `a Service without a port is refused`. An object is called `bad` where it does not say otherwise. */
const rows = (resource: string, kind: string, article: string, wrongs: readonly Wrong[]): Row[] =>
  wrongs.map(([why, object, field, message]) => ({
    title: `${article} ${kind} ${why} is refused`,
    resource,
    kind,
    object,
    field,
    message,
  }));
const clusterRows = (...args: Parameters<typeof rows>): Row[] =>
  rows(...args).map((row) => ({ ...row, isOfCluster: true }));

const container = { name: 'app', image: 'example.test/app:1' };
const podOf = (spec: Fields): Fields => ({ spec: { containers: [container], ...spec } });
const podWith = (fields: Fields): Fields => ({ spec: { containers: [{ ...container, ...fields }] } });
const selector = { matchLabels: { app: 'bad' } };
const template = { metadata: { labels: { app: 'bad' } }, spec: { containers: [container] } };
const workload = (spec: Fields): Fields => ({ spec: { selector, template, ...spec } });
const serviceOf = (spec: Fields): Fields => ({ spec: { ports: [{ port: 80 }], ...spec } });
const autoscalerOf = (spec: Fields): Fields => ({
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 2, ...spec },
});
const scaleDown = (rules: Fields): Fields => autoscalerOf({ behavior: { scaleDown: rules } });
const sliceOf = (fields: Fields): Fields => ({ addressType: 'IPv4', endpoints: [], ...fields });
const webhookOf = (fields: Fields): Fields => ({
  webhooks: [
    {
      name: 'a.example.test',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...fields,
    },
  ],
});
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const bindingOf = (subject: Fields): Fields => ({ roleRef, subjects: [subject] });
const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
const definitionOf = (spec: Fields): Fields => ({
  metadata: { name: 'bads.example.test' },
  spec: {
    group: 'example.test',
    scope: 'Namespaced',
    names: { plural: 'bads', kind: 'Bad' },
    versions: [version],
    ...spec,
  },
});
const eventOf = (fields: Fields): Fields => ({
  reportingController: 'a.test/b',
  reportingInstance: 'x',
  eventTime: '2026-01-01T00:00:00.000000Z',
  action: 'A',
  reason: 'R',
  type: 'Normal',
  ...fields,
});

const required = /Required value/;
const label = /a lowercase RFC 1123 label must consist of/;
const qualifiedName = /name part must consist of alphanumeric characters/;

const pods = rows('v1/pods', 'Pod', 'a', [
  ['without a spec', {}, 'spec.containers', /^Pod "bad" is invalid: spec\.containers: Required value$/],
  [
    'with a node in capitals',
    podOf({ nodeName: 'A_B' }),
    'spec.nodeName',
    /a lowercase RFC 1123 subdomain must consist of/,
  ],
  ['with a hostname in capitals', podOf({ hostname: 'A_B' }), 'spec.hostname', label],
  [
    'that must end before it begins',
    podOf({ activeDeadlineSeconds: 0 }),
    'spec.activeDeadlineSeconds',
    /must be between 1 and 2147483647, inclusive/,
  ],
  [
    'with a policy for names that does not exist',
    podOf({ dnsPolicy: 'Never' }),
    'spec.dnsPolicy',
    /Unsupported value: "Never": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"/,
  ],
  [
    'with a toleration that does not exist',
    podOf({ tolerations: [{ key: 'a', operator: 'Maybe' }] }),
    'spec.tolerations[0].operator',
    /Unsupported value: "Maybe": supported values: "Equal", "Exists"/,
  ],
  ['with a key of a node with a space', podOf({ nodeSelector: { 'a b': 'c' } }), 'spec.nodeSelector', qualifiedName],
  [
    'spread by no difference',
    podOf({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] }),
    'spec.topologySpreadConstraints[0].maxSkew',
    /must be greater than zero/,
  ],
  [
    'with a gate with a space',
    podOf({ readinessGates: [{ conditionType: 'a b' }] }),
    'spec.readinessGates[0].conditionType',
    qualifiedName,
  ],
  // Not by the devcluster, whose one node is where all pods go.
  [
    'that keeps away from others nowhere',
    podOf({
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: selector }] } },
    }),
    'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey',
    /Required value: can not be empty/,
  ],
  [
    'with an image that begins with a space',
    podWith({ image: ' a' }),
    'spec.containers[0].image',
    /must not have leading or trailing whitespace/,
  ],
  [
    'with two ports of one name',
    podWith({
      ports: [
        { containerPort: 80, name: 'x' },
        { containerPort: 81, name: 'x' },
      ],
    }),
    'spec.containers[0].ports[1].name',
    /Duplicate value: "x"/,
  ],
  [
    'with a variable with =',
    podWith({ env: [{ name: 'A=B', value: 'x' }] }),
    'spec.containers[0].env[0].name',
    /a valid environment variable name must consist only of printable ASCII characters other than '='/,
  ],
  [
    'with a variable from a field that is none',
    podWith({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nothing' } } }] }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath',
    /field label not supported: spec\.nothing/,
  ],
  [
    'with a variable from nowhere',
    podWith({ env: [{ name: 'A', valueFrom: {} }] }),
    'spec.containers[0].env[0].valueFrom',
    /must specify one of: `fieldRef`, `resourceFieldRef`/,
  ],
  [
    'with variables from nowhere',
    podWith({ envFrom: [{}] }),
    'spec.containers[0].envFrom',
    /must specify one of: `configMapRef` or `secretRef`/,
  ],
  [
    'with a probe of port 0',
    podWith({ readinessProbe: { httpGet: { port: 0 } } }),
    'spec.containers[0].readinessProbe.httpGet.port',
    /must be between 1 and 65535, inclusive/,
  ],
  [
    'with a probe over FTP',
    podWith({ readinessProbe: { httpGet: { port: 1, scheme: 'FTP' } } }),
    'spec.containers[0].readinessProbe.httpGet.scheme',
    /Unsupported value: "FTP": supported values: "HTTP", "HTTPS"/,
  ],
  [
    'with a hook of no command',
    podWith({ lifecycle: { preStop: { exec: {} } } }),
    'spec.containers[0].lifecycle.preStop.exec.command',
    required,
  ],
  [
    'with a hook that sleeps longer than its grace',
    podWith({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
    'spec.containers[0].lifecycle.preStop.sleep',
    /must be non-negative and less than terminationGracePeriodSeconds \(30\)/,
  ],
  [
    'with two mounts at one path',
    {
      spec: {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          {
            ...container,
            volumeMounts: [
              { name: 'v', mountPath: '/a' },
              { name: 'v', mountPath: '/a' },
            ],
          },
        ],
      },
    },
    'spec.containers[0].volumeMounts[1].mountPath',
    /must be unique/,
  ],
  [
    'with a volume of two types',
    podOf({ volumes: [{ name: 'v', emptyDir: {}, configMap: { name: 'a' } }] }),
    'spec.volumes[0].configMap',
    /may not specify more than 1 volume type/,
  ],
  [
    'with a volume of an unnamed ConfigMap',
    podOf({ volumes: [{ name: 'v', configMap: {} }] }),
    'spec.volumes[0].configMap.name',
    required,
  ],
  [
    'with a volume of an unnamed Secret',
    podOf({ volumes: [{ name: 'v', secret: {} }] }),
    'spec.volumes[0].secret.secretName',
    required,
  ],
  [
    'with a token for a second',
    podOf({
      volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'a', expirationSeconds: 1 } }] } }],
    }),
    'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds',
    /may not specify a duration less than 10 minutes/,
  ],
  [
    'with an init container that restarts sometimes',
    podOf({ initContainers: [{ name: 'i', image: 'b', restartPolicy: 'Sometimes' }] }),
    'spec.initContainers[0].restartPolicy',
    /Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"/,
  ],
  [
    'with a probe of an init container',
    podOf({ initContainers: [{ name: 'i', image: 'b', readinessProbe: { httpGet: { port: 1 } } }] }),
    'spec.initContainers[0].readinessProbe',
    /may not be set for init containers without restartPolicy=Always/,
  ],
]);

const services = rows('v1/services', 'Service', 'a', [
  ['without a spec', {}, 'spec.ports', /^Service "bad" is invalid: spec\.ports: Required value$/],
  ['with a selector with a space', serviceOf({ selector: { 'a b': 'c' } }), 'spec.selector', qualifiedName],
  ['with a port in capitals', serviceOf({ ports: [{ port: 80, name: 'A_' }] }), 'spec.ports[0].name', label],
  ['for another name without that name', { spec: { type: 'ExternalName' } }, 'spec.externalName', required],
  [
    'with an affinity of no time',
    serviceOf({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } }),
    'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
    /must be greater than 0 and less than 86400/,
  ],
  [
    'with an affinity that does not exist',
    serviceOf({ sessionAffinity: 'Cookie' }),
    'spec.sessionAffinity',
    /Unsupported value: "Cookie": supported values: "ClientIP", "None"/,
  ],
  [
    'with a traffic policy that does not exist',
    serviceOf({ internalTrafficPolicy: 'Far' }),
    'spec.internalTrafficPolicy',
    /Unsupported value: "Far": supported values: "Cluster", "Local"/,
  ],
  [
    'with a node port, of addresses in the cluster only',
    serviceOf({ ports: [{ port: 80, nodePort: 30_000 }] }),
    'spec.ports[0].nodePort',
    /may not be used when `type` is 'ClusterIP'/,
  ],
]);

const workloads = [
  ...rows('apps/v1/deployments', 'Deployment', 'a', [
    [
      'without a spec',
      {},
      'spec.selector',
      /^Deployment\.apps "bad" is invalid: \[spec\.selector: Required value, spec\.template\.metadata\.labels: .*, spec\.template\.spec\.containers: Required value\]$/,
    ],
    [
      'of a strategy that does not exist',
      workload({ strategy: { type: 'Magic' } }),
      'spec.strategy',
      /Unsupported value: \{"Type":"Magic","RollingUpdate":null\}: supported values: "Recreate", "RollingUpdate"/,
    ],
    [
      'that may do without twice its pods',
      workload({ strategy: { rollingUpdate: { maxUnavailable: '200%' } } }),
      'spec.strategy.rollingUpdate.maxUnavailable',
      /must not be greater than 100%/,
    ],
    [
      'with a selector of an operator that does not exist',
      workload({ selector: { matchExpressions: [{ key: 'app', operator: 'Near', values: ['bad'] }] } }),
      'spec.selector.matchExpressions[0].operator',
      /not a valid selector operator/,
    ],
    [
      'with a selector of no values',
      workload({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }),
      'spec.selector.matchExpressions[0].values',
      /must be specified when `operator` is 'In' or 'NotIn'/,
    ],
    [
      'with a label of its pods with a space',
      workload({ template: { ...template, metadata: { labels: { app: 'bad', 'x y': 'z' } } } }),
      'spec.template.labels',
      qualifiedName,
    ],
  ]),
  ...rows('apps/v1/replicasets', 'ReplicaSet', 'a', [
    ['of fewer than no replicas', workload({ replicas: -1 }), 'spec.replicas', /must be greater than or equal to 0/],
    ['of all pods', workload({ selector: {} }), 'spec.selector', /empty selector is invalid for deployment/],
  ]),
  ...rows('apps/v1/statefulsets', 'StatefulSet', 'a', [
    [
      'of fewer than no replicas',
      workload({ serviceName: 'x', replicas: -1 }),
      'spec.replicas',
      /must be greater than or equal to 0/,
    ],
    [
      'in an order that does not exist',
      workload({ serviceName: 'x', podManagementPolicy: 'Any' }),
      'spec.podManagementPolicy',
      /must be 'OrderedReady' or 'Parallel'/,
    ],
    [
      'of a strategy that does not exist',
      workload({ serviceName: 'x', updateStrategy: { type: 'Any' } }),
      'spec.updateStrategy',
      /must be 'RollingUpdate' or 'OnDelete'/,
    ],
  ]),
  ...rows('apps/v1/controllerrevisions', 'ControllerRevision', 'a', [
    ['without data', { revision: 1 }, 'data', /Required value: data is mandatory/],
    ['before the first', { revision: -1, data: { a: 1 } }, 'revision', /must be greater than or equal to 0/],
  ]),
];

const autoscalers = rows('autoscaling/v2/horizontalpodautoscalers', 'HorizontalPodAutoscaler', 'a', [
  ['of nothing', autoscalerOf({ scaleTargetRef: {} }), 'spec.scaleTargetRef.kind', required],
  [
    'of a kind with a slash',
    autoscalerOf({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'A/B', name: 'web' } }),
    'spec.scaleTargetRef.kind',
    /may not contain '\/'/,
  ],
  [
    'of a kind without a group',
    autoscalerOf({ scaleTargetRef: { kind: 'Deployment', name: 'web' } }),
    'spec.scaleTargetRef.apiVersion',
    /apiVersion must specify API group/,
  ],
  [
    'by a metric that does not exist',
    autoscalerOf({ metrics: [{ type: 'Magic' }] }),
    'spec.metrics[0].type',
    /Unsupported value: "Magic": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"/,
  ],
  [
    'by a metric without a target',
    autoscalerOf({ metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] }),
    'spec.metrics[0].resource.target.averageUtilization',
    /must set either a target raw value or a target utilization/,
  ],
  [
    'by no use at all',
    autoscalerOf({
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0 } } },
      ],
    }),
    'spec.metrics[0].resource.target.averageUtilization',
    /must be greater than 0/,
  ],
  [
    'by an external metric without a name',
    autoscalerOf({
      metrics: [
        { type: 'External', external: { metric: { name: '' }, target: { type: 'AverageValue', averageValue: '1' } } },
      ],
    }),
    'spec.metrics[0].external.metric.name',
    /must specify a metric name/,
  ],
  [
    'by an external metric without a target',
    autoscalerOf({
      metrics: [{ type: 'External', external: { metric: { name: 'a' }, target: { type: 'AverageValue' } } }],
    }),
    'spec.metrics[0].external.target.averageValue',
    /must set either a target value for metric or a per-pod target/,
  ],
  [
    'that waits longer than an hour',
    scaleDown({ stabilizationWindowSeconds: 3601 }),
    'spec.behavior.scaleDown.stabilizationWindowSeconds',
    /must be less than or equal to 3600/,
  ],
  [
    'that chooses the best',
    scaleDown({ selectPolicy: 'Best' }),
    'spec.behavior.scaleDown.selectPolicy',
    /Unsupported value: "Best": supported values: "Disabled", "Max", "Min"/,
  ],
  [
    'that may take no pod away',
    scaleDown({ policies: [{ type: 'Pods', value: 0, periodSeconds: 1 }] }),
    'spec.behavior.scaleDown.policies[0].value',
    /must be greater than zero/,
  ],
  [
    'with a rule of a type that does not exist',
    scaleDown({ policies: [{ type: 'Feet', value: 1, periodSeconds: 1 }] }),
    'spec.behavior.scaleDown.policies[0].type',
    /Unsupported value: "Feet": supported values: "Percent", "Pods"/,
  ],
]);

const budgets = rows('policy/v1/poddisruptionbudgets', 'PodDisruptionBudget', 'a', [
  [
    'of both kinds',
    { spec: { minAvailable: 1, maxUnavailable: 1, selector } },
    'spec',
    /minAvailable and maxUnavailable cannot be both set/,
  ],
  [
    'of a share that is none',
    { spec: { minAvailable: 'x', selector } },
    'spec.minAvailable',
    /a valid percent string must be a numeric string followed by an ending '%'/,
  ],
  [
    'of more than all',
    { spec: { maxUnavailable: '101%', selector } },
    'spec.maxUnavailable',
    /must not be greater than 100%/,
  ],
  [
    'for pods that have a label and a value',
    { spec: { minAvailable: 1, selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } },
    'spec.selector.matchExpressions[0].values',
    /may not be specified when `operator` is 'Exists' or 'DoesNotExist'/,
  ],
  [
    'with a policy that does not exist',
    { spec: { minAvailable: 1, selector, unhealthyPodEvictionPolicy: 'Never' } },
    'spec.unhealthyPodEvictionPolicy',
    /Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"/,
  ],
]);

const contents = [
  ...rows('v1/configmaps', 'ConfigMap', 'a', [
    [
      'with a key twice',
      { data: { a: '1' }, binaryData: { a: 'AA==' } },
      'data[a]',
      /duplicate of key present in binaryData/,
    ],
    ['with the key ..', { data: { '..': '1' } }, 'data[..]', /must not be '\.\.'/],
  ]),
  ...rows('v1/secrets', 'Secret', 'a', [
    ['with a key with a space', { data: { 'a b': 'eA==' } }, 'data[a b]', /a valid config key must consist of/],
    [
      'with the token of nobody',
      { type: 'kubernetes.io/service-account-token' },
      'metadata.annotations[kubernetes.io/service-account.name]',
      required,
    ],
    ['with neither name nor password', { type: 'kubernetes.io/basic-auth' }, 'data[username]', required],
  ]),
  ...rows('v1/serviceaccounts', 'ServiceAccount', 'a', [
    [
      'with a name in capitals',
      { metadata: { name: 'Bad' } },
      'metadata.name',
      /a lowercase RFC 1123 subdomain must consist of/,
    ],
  ]),
];

const rbac = [
  ...rows('rbac.authorization.k8s.io/v1/roles', 'Role', 'a', [
    [
      'that allows nothing',
      { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      'rules[0].verbs',
      /verbs must contain at least one value/,
    ],
    [
      'for no resource',
      { rules: [{ apiGroups: [''], verbs: ['get'] }] },
      'rules[0].resources',
      /resource rules must supply at least one resource/,
    ],
    [
      'for a path',
      { rules: [{ nonResourceURLs: ['/a'], verbs: ['get'] }] },
      'rules[0].nonResourceURLs',
      /namespaced rules cannot apply to non-resource URLs/,
    ],
  ]),
  ...clusterRows('rbac.authorization.k8s.io/v1/clusterroles', 'ClusterRole', 'a', [
    [
      'for a path and resources',
      { rules: [{ apiGroups: [''], resources: ['pods'], nonResourceURLs: ['/a'], verbs: ['get'] }] },
      'rules[0].nonResourceURLs',
      /rules cannot apply to both regular resources and non-resource URLs/,
    ],
    [
      'that gathers nothing',
      { rules: [], aggregationRule: {} },
      'aggregationRule.clusterRoleSelectors',
      /at least one clusterRoleSelector required/,
    ],
  ]),
  ...rows('rbac.authorization.k8s.io/v1/rolebindings', 'RoleBinding', 'a', [
    ['to nothing', {}, 'roleRef.name', required],
    [
      'to a role of another kind',
      { roleRef: { ...roleRef, kind: 'Group' } },
      'roleRef.kind',
      /Unsupported value: "Group": supported values: "Role", "ClusterRole"/,
    ],
    [
      'to a role of another group',
      { roleRef: { ...roleRef, apiGroup: 'x' } },
      'roleRef.apiGroup',
      /Unsupported value: "x": supported values: "rbac\.authorization\.k8s\.io"/,
    ],
    [
      'of a subject that does not exist',
      bindingOf({ kind: 'Dog', name: 'a' }),
      'subjects[0].kind',
      /Unsupported value: "Dog": supported values: "ServiceAccount", "User", "Group"/,
    ],
    ['of nobody', bindingOf({ kind: 'ServiceAccount' }), 'subjects[0].name', required],
    [
      'of a user of another group',
      bindingOf({ kind: 'User', name: 'a', apiGroup: 'x' }),
      'subjects[0].apiGroup',
      /Unsupported value: "x": supported values: "rbac\.authorization\.k8s\.io"/,
    ],
  ]),
  ...clusterRows('rbac.authorization.k8s.io/v1/clusterrolebindings', 'ClusterRoleBinding', 'a', [
    [
      'to the role of a namespace',
      { roleRef: { ...roleRef, kind: 'Role' } },
      'roleRef.kind',
      /Unsupported value: "Role": supported values: "ClusterRole"/,
    ],
    [
      'of a ServiceAccount of no namespace',
      bindingOf({ kind: 'ServiceAccount', name: 'a' }),
      'subjects[0].namespace',
      required,
    ],
  ]),
];

const events = [
  ...rows('v1/events', 'Event', 'an', [
    ['about nothing', {}, 'involvedObject.namespace', /Invalid value: "": does not match event\.namespace/],
  ]),
  ...rows('events.k8s.io/v1/events', 'Event', 'a new', [
    ['without a time', eventOf({ eventTime: undefined }), 'eventTime', required],
    ['of a type that does not exist', eventOf({ type: 'Loud' }), 'type', /has invalid value: Loud/],
    ['by somebody with a space', eventOf({ reportingController: 'a b' }), 'reportingController', qualifiedName],
    [
      'of more than a thousand letters',
      eventOf({ note: 'x'.repeat(1025) }),
      'message',
      /can have at most 1024 characters/,
    ],
  ]),
];

const slices = rows('discovery.k8s.io/v1/endpointslices', 'EndpointSlice', 'an', [
  ['of no type', {}, 'addressType', required],
  [
    'with an endpoint without an address',
    sliceOf({ endpoints: [{ addresses: [] }] }),
    'endpoints[0].addresses',
    /must contain at least 1 address/,
  ],
  [
    'with a hostname in capitals',
    sliceOf({ endpoints: [{ addresses: ['10.0.0.1'], hostname: 'A_' }] }),
    'endpoints[0].hostname',
    label,
  ],
  [
    'with two ports without names',
    sliceOf({ ports: [{ port: 1 }, { port: 2 }] }),
    'ports[1].name',
    /Duplicate value: ""/,
  ],
  [
    'with a protocol that does not exist',
    sliceOf({ ports: [{ port: 1, protocol: 'HTTP' }] }),
    'ports[0].protocol',
    /Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"/,
  ],
  // Pods of the devcluster have addresses there: it must accept them.
  [
    'with an address of the loopback',
    sliceOf({ endpoints: [{ addresses: ['127.0.0.1'] }] }),
    'endpoints[0].addresses[0]',
    /may not be in the loopback range/,
  ],
]);

const ofCluster = [
  ...clusterRows('v1/namespaces', 'Namespace', 'a', [
    ['with a name in capitals', { metadata: { name: 'Bad' } }, 'metadata.name', label],
    [
      'with a finalizer of no domain',
      { spec: { finalizers: ['mine'] } },
      'spec.finalizers',
      /name is neither a standard finalizer name nor is it fully qualified/,
    ],
  ]),
  ...clusterRows('v1/nodes', 'Node', 'a', [
    [
      'with a taint of an effect that does not exist',
      { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      'metadata.taints[0].effect',
      /Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"/,
    ],
    [
      'with a taint with a space',
      { spec: { taints: [{ key: 'a b', effect: 'NoSchedule' }] } },
      'metadata.taints[0].key',
      qualifiedName,
    ],
  ]),
  ...clusterRows('admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', 'a', [
    [
      'of no known version',
      webhookOf({ admissionReviewVersions: ['v2'] }),
      'webhooks[0].admissionReviewVersions',
      /must include at least one of v1, v1beta1/,
    ],
    ['with a rule for nothing', webhookOf({ rules: [{}] }), 'webhooks[0].rules[0].operations', required],
    [
      'for an operation that does not exist',
      webhookOf({ rules: [{ operations: ['READ'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }] }),
      'webhooks[0].rules[0].operations[0]',
      /Unsupported value: "READ": supported values: "\*", "CONNECT", "CREATE", "DELETE", "UPDATE"/,
    ],
    [
      'that matches roughly',
      webhookOf({ matchPolicy: 'Rough' }),
      'webhooks[0].matchPolicy',
      /Unsupported value: "Rough": supported values: "Equivalent", "Exact"/,
    ],
    [
      'that is asked twice',
      webhookOf({ reinvocationPolicy: 'Twice' }),
      'webhooks[0].reinvocationPolicy',
      /Unsupported value: "Twice": supported values: "IfNeeded", "Never"/,
    ],
  ]),
  ...clusterRows('apiextensions.k8s.io/v1/customresourcedefinitions', 'CustomResourceDefinition', 'a', [
    [
      'of versions of one name',
      definitionOf({ versions: [version, { ...version, storage: false }] }),
      'spec.versions',
      /must contain unique version names/,
    ],
    [
      'with a column of a type that does not exist',
      definitionOf({
        versions: [{ ...version, additionalPrinterColumns: [{ name: 'A', type: 'word', jsonPath: '.spec.a' }] }],
      }),
      'spec.additionalPrinterColumns[0].type',
      /must be one of boolean,date,integer,number,string/,
    ],
    [
      'with a column of nowhere',
      definitionOf({
        versions: [{ ...version, additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: 'spec.a' }] }],
      }),
      'spec.additionalPrinterColumns[0].JSONPath',
      /must be a simple json path starting with \./,
    ],
    [
      'with a conversion that does not exist',
      definitionOf({ conversion: { strategy: 'Magic' } }),
      'spec.conversion.strategy',
      /Unsupported value: "Magic": supported values: "None", "Webhook"/,
    ],
  ]),
];

const dryRun = { dryRun: 'All' };

const invalidObjects = [
  ...pods,
  ...services,
  ...workloads,
  ...autoscalers,
  ...budgets,
  ...contents,
  ...rbac,
  ...events,
  ...slices,
  ...ofCluster,
].map(({ title, resource, kind, object, field, message, isOfCluster = false }): Case => ({
  title,
  run: (api) => {
    const at = resource.lastIndexOf('/');
    const [apiVersion, plural] = [resource.slice(0, at), resource.slice(at + 1)];
    const path = isOfCluster ? `${groupPath(apiVersion)}/${plural}` : pathOf(api, apiVersion, plural);
    return expectRefused(api.post(path, { apiVersion, kind, metadata: { name: 'bad' }, ...object }, dryRun), {
      code: 422,
      reason: 'Invalid',
      field,
      message,
    });
  },
}));

const others: Case[] = [
  {
    title: 'a Pod of a ServiceAccount that is not there is refused',
    run: (api) =>
      expectRefused(
        api.post(
          pathOf(api, 'v1', 'pods'),
          { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bad' }, ...podOf({ serviceAccountName: 'nobody' }) },
          dryRun,
        ),
        {
          code: 403,
          reason: 'Forbidden',
          message:
            /^pods "bad" is forbidden: error looking up service account .*\/nobody: serviceaccount "nobody" not found$/,
        },
      ),
  },
  {
    title: 'a time that is none is unreadable',
    run: (api) =>
      expectRefused(
        api.post(
          pathOf(api, 'coordination.k8s.io/v1', 'leases'),
          {
            apiVersion: 'coordination.k8s.io/v1',
            kind: 'Lease',
            metadata: { name: 'bad' },
            spec: { renewTime: 'now' },
          },
          dryRun,
        ),
        {
          code: 400,
          reason: 'BadRequest',
          message:
            /^Lease in version "v1" cannot be handled as a Lease: parsing time "now" as "2006-01-02T15:04:05.*": cannot parse "now" as "2006"$/,
        },
      ),
  },
  {
    title: 'binary data of a ConfigMap that is not base64 is unreadable',
    run: (api) =>
      expectRefused(
        api.post(
          pathOf(api, 'v1', 'configmaps'),
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' }, binaryData: { a: '!' } },
          dryRun,
        ),
        {
          code: 400,
          reason: 'BadRequest',
          message: /illegal base64 data at input byte 0/,
        },
      ),
  },
  {
    title: 'a ServiceAccount with a word where yes or no must be is unreadable',
    run: (api) =>
      expectRefused(
        api.post(
          pathOf(api, 'v1', 'serviceaccounts'),
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bad' }, automountServiceAccountToken: 'yes' },
          dryRun,
        ),
        {
          code: 400,
          reason: 'BadRequest',
          message:
            /cannot unmarshal string into Go struct field ServiceAccount\.automountServiceAccountToken of type bool/,
        },
      ),
  },
  {
    title: 'a Service with a port of 0 at its pods sends to its own port',
    run: async (api) => {
      const { body } = await api.post(
        pathOf(api, 'v1', 'services'),
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'zero' },
          spec: { ports: [{ port: 80, targetPort: 0 }] },
        },
        dryRun,
      );
      expect(body.spec).toMatchObject({ ports: [{ port: 80, targetPort: 80 }] });
    },
  },
];

export const invalid: Case[] = [...invalidObjects, ...others];
