/** How the lists and maps of built-in kinds merge: the `listType`, `listMapKey` and `mapType` of their Go types. */
import { objectMeta, type Topology } from './topology.ts';

const structure = (properties: Record<string, Topology>): Topology => ({ properties });
const freeMap: Topology = { additionalProperties: {} };
const atomic: Topology = { 'x-kubernetes-map-type': 'atomic' };

/** A list whose elements are identified by `keys`. */
const listMap = (keys: string[], items: Topology = {}): Topology => ({
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
  items,
});

const tcp: Topology = { default: 'TCP' };
const conditions = listMap(['type']);
const resources = structure({ claims: listMap(['name']), limits: freeMap, requests: freeMap });

const environmentSource = structure({
  configMapKeyRef: atomic,
  fieldRef: atomic,
  fileKeyRef: atomic,
  resourceFieldRef: atomic,
  secretKeyRef: atomic,
});
const container = structure({
  env: listMap(['name'], structure({ valueFrom: environmentSource })),
  ports: listMap(['containerPort', 'protocol'], structure({ protocol: tcp })),
  resources,
  volumeDevices: listMap(['devicePath']),
  volumeMounts: listMap(['mountPath']),
});
const containers = listMap(['name'], container);

const volume = structure({
  csi: structure({ nodePublishSecretRef: atomic, volumeAttributes: freeMap }),
  ephemeral: structure({ volumeClaimTemplate: structure({ metadata: objectMeta }) }),
});
const podSpec = structure({
  affinity: structure({ nodeAffinity: structure({ requiredDuringSchedulingIgnoredDuringExecution: atomic }) }),
  containers,
  ephemeralContainers: containers,
  hostAliases: listMap(['ip']),
  imagePullSecrets: listMap(['name'], atomic),
  initContainers: containers,
  nodeSelector: { ...freeMap, ...atomic },
  overhead: freeMap,
  resourceClaims: listMap(['name']),
  resources,
  schedulingGates: listMap(['name']),
  topologySpreadConstraints: listMap(['topologyKey', 'whenUnsatisfiable'], structure({ labelSelector: atomic })),
  volumes: listMap(['name'], volume),
});
const podTemplate = structure({ metadata: objectMeta, spec: podSpec });
const podStatus = structure({
  conditions,
  podIPs: listMap(['ip']),
});

const workload = structure({
  spec: structure({ selector: atomic, template: podTemplate }),
  status: structure({ conditions }),
});

const webhooks = listMap(
  ['name'],
  structure({ matchConditions: listMap(['name']), namespaceSelector: atomic, objectSelector: atomic }),
);

const kinds: Record<string, Topology> = {
  'apiextensions.k8s.io/CustomResourceDefinition': structure({ status: structure({ conditions }) }),
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': structure({ webhooks }),
  'apps/Deployment': workload,
  'apps/ReplicaSet': workload,
  'apps/StatefulSet': workload,
  'policy/PodDisruptionBudget': structure({
    spec: structure({ selector: atomic }),
    status: structure({ conditions, disruptedPods: freeMap }),
  }),
  'rbac.authorization.k8s.io/ClusterRoleBinding': structure({ roleRef: atomic }),
  'rbac.authorization.k8s.io/RoleBinding': structure({ roleRef: atomic }),
  '/ConfigMap': structure({ binaryData: freeMap, data: freeMap }),
  '/Namespace': structure({ status: structure({ conditions }) }),
  '/Node': structure({
    spec: structure({ podCIDRs: { 'x-kubernetes-list-type': 'set' } }),
    status: structure({ addresses: listMap(['type']), allocatable: freeMap, capacity: freeMap, conditions }),
  }),
  '/Pod': structure({ spec: podSpec, status: podStatus }),
  '/Secret': structure({ data: freeMap, stringData: freeMap }),
  '/Service': structure({
    spec: structure({
      ports: listMap(['port', 'protocol'], structure({ protocol: tcp })),
      selector: { ...freeMap, ...atomic },
    }),
    status: structure({ conditions }),
  }),
  '/ServiceAccount': structure({ secrets: listMap(['name'], atomic) }),
  '/Event': structure({ involvedObject: atomic, related: atomic }),
  'events.k8s.io/Event': structure({ regarding: atomic, related: atomic }),
};

/** The topology of a built-in kind; one that is not in the table has granular maps and atomic lists. */
export function builtInTopology(group: string, kind: string): Topology {
  const known = kinds[`${group}/${kind}`] ?? {};
  return { ...known, properties: { ...known.properties, metadata: objectMeta } };
}
