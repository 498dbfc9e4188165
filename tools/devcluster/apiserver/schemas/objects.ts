/** The kinds besides pods and workloads. */
import type { Schema } from '../../schema/schema.ts';
import {
  anything,
  bool,
  conditions,
  int32,
  int64,
  intOrString,
  kindOf,
  labelSelector,
  list,
  localReference,
  object,
  objectReference,
  or,
  quantities,
  text,
  texted,
  texts,
  time,
} from './terms.ts';

export const configMap: Schema = kindOf({ data: texted, binaryData: texted, immutable: bool });

export const secret: Schema = kindOf({ data: texted, stringData: texted, type: or(text, 'Opaque'), immutable: bool });

export const serviceAccount: Schema = kindOf({
  secrets: list(objectReference),
  imagePullSecrets: list(localReference),
  automountServiceAccountToken: bool,
});

export const namespace: Schema = kindOf({
  spec: object({ finalizers: texts }),
  status: object({ phase: text, conditions }),
});

export const node: Schema = kindOf({
  spec: object({
    podCIDR: text,
    podCIDRs: texts,
    providerID: text,
    unschedulable: bool,
    taints: list(object({ key: text, value: text, effect: text, timeAdded: time })),
  }),
  status: object({
    capacity: quantities,
    allocatable: quantities,
    phase: text,
    conditions,
    addresses: list(object({ type: text, address: text })),
    daemonEndpoints: anything,
    nodeInfo: anything,
    images: list(anything),
    volumesInUse: texts,
    volumesAttached: list(anything),
    features: anything,
    runtimeHandlers: list(anything),
    config: anything,
  }),
});

export const service: Schema = kindOf({
  spec: or(
    object({
      type: or(text, 'ClusterIP'),
      selector: texted,
      ports: list(
        object({
          name: text,
          protocol: or(text, 'TCP'),
          appProtocol: text,
          port: int32,
          targetPort: intOrString,
          nodePort: int32,
        }),
      ),
      clusterIP: text,
      clusterIPs: texts,
      externalIPs: texts,
      externalName: text,
      sessionAffinity: or(text, 'None'),
      sessionAffinityConfig: object({ clientIP: object({ timeoutSeconds: or(int32, 10_800) }) }),
      loadBalancerIP: text,
      loadBalancerClass: text,
      loadBalancerSourceRanges: texts,
      allocateLoadBalancerNodePorts: bool,
      externalTrafficPolicy: text,
      internalTrafficPolicy: text,
      healthCheckNodePort: int32,
      publishNotReadyAddresses: bool,
      ipFamilies: texts,
      ipFamilyPolicy: text,
      trafficDistribution: text,
    }),
    {},
  ),
  status: object({ loadBalancer: or(object({ ingress: list(anything) }), {}), conditions }),
});

export const endpointSlice: Schema = kindOf({
  addressType: text,
  endpoints: list(
    object({
      addresses: texts,
      conditions: or(object({ ready: bool, serving: bool, terminating: bool }), {}),
      hostname: text,
      targetRef: objectReference,
      deprecatedTopology: texted,
      nodeName: text,
      zone: text,
      hints: anything,
    }),
  ),
  ports: list(object({ name: or(text, ''), protocol: or(text, 'TCP'), port: int32, appProtocol: text })),
});

export const lease: Schema = kindOf({
  spec: object({
    holderIdentity: text,
    leaseDurationSeconds: int32,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: int32,
    strategy: text,
    preferredHolder: text,
  }),
});

const series = object({ count: int32, lastObservedTime: time });
const eventSource = object({ component: text, host: text });

/** events.k8s.io/v1: the form in which events are stored. */
export const event: Schema = kindOf({
  eventTime: time,
  series,
  reportingController: text,
  reportingInstance: text,
  action: text,
  reason: text,
  regarding: or(objectReference, {}),
  related: objectReference,
  note: text,
  type: text,
  deprecatedSource: or(eventSource, {}),
  deprecatedFirstTimestamp: time,
  deprecatedLastTimestamp: time,
  deprecatedCount: int32,
});

export const coreEvent: Schema = kindOf({
  involvedObject: or(objectReference, {}),
  reason: text,
  message: text,
  source: or(eventSource, {}),
  firstTimestamp: time,
  lastTimestamp: time,
  count: int32,
  type: text,
  eventTime: time,
  series,
  action: text,
  related: objectReference,
  reportingComponent: or(text, ''),
  reportingInstance: or(text, ''),
});

const rule = object({
  operations: texts,
  apiGroups: texts,
  apiVersions: texts,
  resources: texts,
  scope: or(text, '*'),
});

export const mutatingWebhookConfiguration: Schema = kindOf({
  webhooks: list(
    object({
      name: text,
      clientConfig: object({
        url: text,
        service: object({ namespace: text, name: text, path: text, port: or(int32, 443) }),
        caBundle: text,
      }),
      rules: list(rule),
      failurePolicy: or(text, 'Fail'),
      matchPolicy: or(text, 'Equivalent'),
      namespaceSelector: or(labelSelector, {}),
      objectSelector: or(labelSelector, {}),
      sideEffects: text,
      timeoutSeconds: or(int32, 10),
      admissionReviewVersions: texts,
      reinvocationPolicy: or(text, 'Never'),
      matchConditions: list(object({ name: text, expression: text })),
    }),
  ),
});

const names = object({
  plural: text,
  singular: text,
  shortNames: texts,
  kind: text,
  listKind: text,
  categories: texts,
});

export const customResourceDefinition: Schema = kindOf({
  spec: object({
    group: text,
    names,
    scope: text,
    versions: list(
      object({
        name: text,
        served: bool,
        storage: bool,
        deprecated: bool,
        deprecationWarning: text,
        schema: object({ openAPIV3Schema: anything }),
        subresources: object({
          status: anything,
          scale: object({ specReplicasPath: text, statusReplicasPath: text, labelSelectorPath: text }),
        }),
        additionalPrinterColumns: list(
          object({ name: text, type: text, format: text, description: text, priority: int32, jsonPath: text }),
        ),
        selectableFields: list(object({ jsonPath: text })),
      }),
    ),
    conversion: or(anything, { strategy: 'None' }),
    preserveUnknownFields: bool,
  }),
  status: object({ conditions, acceptedNames: names, storedVersions: texts, observedGeneration: int64 }),
});

/** RBAC objects are stored, and not evaluated. */
export const role: Schema = kindOf({ rules: list(anything), aggregationRule: anything });
export const roleBinding: Schema = kindOf({ subjects: list(anything), roleRef: anything });

/** Reviews and token requests: they have a response and are never stored. */
export const review: Schema = kindOf({ spec: anything, status: anything });
