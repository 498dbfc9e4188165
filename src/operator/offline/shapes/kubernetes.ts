/** The fields of the kinds of Kubernetes that Holdfast reads. */
import type { Schema } from '../../../api/schema.ts';
import { anything, flag, integer, intOrText, list, name, object, port, text, textMap } from './shape.ts';

export const metadata = object(
  {
    name,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generation: integer(),
    creationTimestamp: text,
    deletionTimestamp: text,
    deletionGracePeriodSeconds: integer(),
    labels: textMap,
    annotations: textMap,
    ownerReferences: list(object({ kind: text, name: text, uid: text, controller: flag })),
    finalizers: list(text),
  },
  ['name'],
);

const container = object(
  {
    name,
    image: text,
    imagePullPolicy: text,
    ports: list(object({ name: text, containerPort: port, protocol: text }, ['containerPort'])),
    restartPolicy: text,
    env: list(object({ name, value: text }, ['name'])),
    lifecycle: object({ preStop: anything }),
  },
  ['name'],
);

const podSpec = object(
  {
    nodeName: text,
    terminationGracePeriodSeconds: integer(),
    containers: list(container),
    initContainers: list(container),
  },
  ['containers'],
);

const conditions = list(object({ type: name, status: name, reason: text, message: text }, ['type', 'status']));
const containerStatuses = list(
  object({ name, restartCount: integer(), state: anything, lastState: anything }, ['name']),
);

const pod = object({
  spec: podSpec,
  status: object({
    phase: text,
    podIP: text,
    conditions,
    containerStatuses,
    initContainerStatuses: containerStatuses,
  }),
});

const service = object({
  spec: object({
    type: text,
    clusterIPs: list(text),
    selector: textMap,
    ports: list(
      object({ name: text, port, targetPort: intOrText, protocol: text, appProtocol: text, nodePort: integer() }, [
        'port',
      ]),
    ),
    publishNotReadyAddresses: flag,
  }),
  status: object({ loadBalancer: object({ ingress: list(object({ ip: text, hostname: text })) }) }),
});

const endpoint = object(
  {
    addresses: list(text),
    conditions: object({ ready: flag, serving: flag, terminating: flag }),
    targetRef: object({ kind: text, name: text, uid: text }),
  },
  ['addresses'],
);

const slice = object({
  addressType: text,
  ports: list(object({ name: text, protocol: text, port: integer(0, 65_535) })),
  endpoints: list(endpoint),
});

const workload = object({
  spec: object({
    replicas: integer(0),
    selector: object({ matchLabels: textMap, matchExpressions: list(anything) }),
    template: object({ metadata: object({ labels: textMap, annotations: textMap }), spec: podSpec }),
    ordinals: object({ start: integer(0) }),
  }),
  status: object({ readyReplicas: integer(0), conditions }),
});

const data = object({ data: textMap, type: text });

/** The schemas of objects beside their metadata, by group and kind. */
export const kubernetesObjects: Record<string, Record<string, Schema>> = {
  '': {
    Pod: pod,
    Service: service,
    Secret: data,
    ConfigMap: data,
    Node: object({
      spec: object({ taints: list(object({ key: name }, ['key'])) }),
      status: object({ conditions, addresses: list(object({ type: name, address: name }, ['type', 'address'])) }),
    }),
  },
  'discovery.k8s.io': { EndpointSlice: slice },
  apps: { Deployment: workload, StatefulSet: workload },
  autoscaling: {
    HorizontalPodAutoscaler: object({ spec: object({ scaleTargetRef: object({ kind: text, name: text }) }) }),
  },
  'apiextensions.k8s.io': {
    CustomResourceDefinition: object({ spec: object({ versions: list(anything) }), status: object({ conditions }) }),
  },
};
