/** The kinds besides pods and workloads. */
import type { Schema } from '../../schema/schema.ts';
import {
  anything,
  atomic,
  bool,
  conditions,
  each,
  int32,
  int64,
  intOrString,
  kindOf,
  labelSelector,
  list,
  listBy,
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

export const configMap: Schema = kindOf({ ...each(texted, 'data binaryData'), immutable: bool });

export const secret: Schema = kindOf({
  ...each(texted, 'data stringData'),
  type: or(text, 'Opaque'),
  immutable: bool,
});

export const serviceAccount: Schema = kindOf({
  secrets: listBy(['name'], objectReference),
  imagePullSecrets: list(localReference),
  automountServiceAccountToken: bool,
});

export const namespace: Schema = kindOf({
  spec: object({ finalizers: texts }),
  status: object({ phase: text, conditions }),
});

export const node: Schema = kindOf({
  spec: object({ unschedulable: bool }),
  status: object({
    ...each(quantities, 'capacity allocatable'),
    conditions,
    addresses: listBy(['type'], object(each(text, 'type address'))),
    nodeInfo: anything,
  }),
});

const tcp = or(text, 'TCP');
const servicePort = object({ ...each(text, 'name appProtocol'), protocol: tcp, port: int32, targetPort: intOrString });

export const service: Schema = kindOf({
  spec: or(
    object({
      type: or(text, 'ClusterIP'),
      selector: atomic(texted),
      ports: listBy(['port', 'protocol'], servicePort),
      ...each(text, 'clusterIP externalName internalTrafficPolicy ipFamilyPolicy'),
      ...each(texts, 'clusterIPs ipFamilies'),
      sessionAffinity: or(text, 'None'),
      sessionAffinityConfig: object({ clientIP: object({ timeoutSeconds: or(int32, 10_800) }) }),
      publishNotReadyAddresses: bool,
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
      conditions: or(object(each(bool, 'ready serving terminating')), {}),
      ...each(text, 'hostname nodeName zone'),
      targetRef: objectReference,
    }),
  ),
  ports: list(object({ name: or(text, ''), protocol: tcp, port: int32, appProtocol: text })),
});

export const lease: Schema = kindOf({
  spec: object({
    ...each(text, 'holderIdentity strategy preferredHolder'),
    ...each(int32, 'leaseDurationSeconds leaseTransitions'),
    ...each(time, 'acquireTime renewTime'),
  }),
});

const eventSource = or(object(each(text, 'component host')), {});
const eventFields = {
  ...each(text, 'action reason type reportingInstance'),
  eventTime: time,
  series: object({ count: int32, lastObservedTime: time }),
  related: objectReference,
};

/** events.k8s.io/v1: the form in which events are stored. */
export const event: Schema = kindOf({
  ...eventFields,
  ...each(text, 'reportingController note'),
  regarding: or(objectReference, {}),
  deprecatedSource: eventSource,
  ...each(time, 'deprecatedFirstTimestamp deprecatedLastTimestamp'),
  deprecatedCount: int32,
});

export const coreEvent: Schema = kindOf({
  ...eventFields,
  message: text,
  involvedObject: or(objectReference, {}),
  source: eventSource,
  ...each(time, 'firstTimestamp lastTimestamp'),
  count: int32,
  ...each(or(text, ''), 'reportingComponent reportingInstance'),
});

const rule = object({ ...each(texts, 'operations apiGroups apiVersions resources'), scope: or(text, '*') });
const clientConfig = object({
  ...each(text, 'url caBundle'),
  service: object({ ...each(text, 'namespace name path'), port: or(int32, 443) }),
});

export const mutatingWebhookConfiguration: Schema = kindOf({
  webhooks: listBy(
    ['name'],
    object({
      ...each(text, 'name sideEffects'),
      clientConfig,
      rules: list(rule),
      failurePolicy: or(text, 'Fail'),
      matchPolicy: or(text, 'Equivalent'),
      ...each(or(labelSelector, {}), 'namespaceSelector objectSelector'),
      timeoutSeconds: or(int32, 10),
      admissionReviewVersions: texts,
      reinvocationPolicy: or(text, 'Never'),
      // Not evaluated: the webhook is called, and decides by itself.
      matchConditions: listBy(['name'], object(each(text, 'name expression'))),
    }),
  ),
});

const names = object({ ...each(text, 'plural singular kind listKind'), ...each(texts, 'shortNames categories') });
const printerColumn = object({ ...each(text, 'name type format description jsonPath'), priority: int32 });

export const customResourceDefinition: Schema = kindOf({
  spec: object({
    ...each(text, 'group scope'),
    names,
    versions: list(
      object({
        name: text,
        ...each(bool, 'served storage'),
        schema: object({ openAPIV3Schema: anything }),
        subresources: object({
          status: anything,
          scale: object(each(text, 'specReplicasPath statusReplicasPath labelSelectorPath')),
        }),
        additionalPrinterColumns: list(printerColumn),
        selectableFields: list(object({ jsonPath: text })),
      }),
    ),
    conversion: or(object({ strategy: text }), { strategy: 'None' }),
  }),
  status: object({ conditions, acceptedNames: names, storedVersions: texts, observedGeneration: int64 }),
});

/** RBAC objects are stored, and not evaluated. */
export const role: Schema = kindOf({ rules: list(anything), aggregationRule: anything });
export const roleBinding: Schema = kindOf({ subjects: list(anything), roleRef: atomic(anything) });

/** Reviews: the response to their creation is the result; they are not stored. */
export const review: Schema = kindOf({ spec: anything, status: anything });
