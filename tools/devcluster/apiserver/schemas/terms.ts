/** The building blocks of the schemas of the built-in kinds. */
import type { Schema } from '../../schema/schema.ts';

type Fields = Record<string, Schema>;

export const text: Schema = { type: 'string' };
export const bool: Schema = { type: 'boolean' };
export const int32: Schema = { type: 'integer', format: 'int32' };
export const int64: Schema = { type: 'integer', format: 'int64' };
export const intOrString: Schema = { 'x-kubernetes-int-or-string': true };
/** Kept without checks. */
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
export const texts: Schema = { type: 'array', items: text };

/** Go encodes an unset time as `null`. */
export const time: Schema = { type: 'string', format: 'date-time', nullable: true };

export const object = (properties: Fields): Schema => ({ type: 'object', properties });
export const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const or = (schema: Schema, value: unknown): Schema => ({ ...schema, default: value });

export const texted: Schema = map(text);
export const quantities: Schema = map({ ...intOrString, format: 'quantity' });

export const labelSelector: Schema = object({
  matchLabels: texted,
  matchExpressions: list(object({ key: text, operator: text, values: texts })),
});

export const localReference: Schema = object({ name: text });

export const objectReference: Schema = object({
  kind: text,
  namespace: text,
  name: text,
  uid: text,
  apiVersion: text,
  resourceVersion: text,
  fieldPath: text,
});

/** `metav1.Condition` and its older relatives. */
export const conditions: Schema = list(
  object({
    type: text,
    status: text,
    observedGeneration: int64,
    lastProbeTime: time,
    lastHeartbeatTime: time,
    lastUpdateTime: time,
    lastTransitionTime: time,
    reason: text,
    message: text,
  }),
);

export const metadata: Schema = object({
  name: text,
  generateName: text,
  namespace: text,
  selfLink: text,
  uid: text,
  resourceVersion: text,
  generation: int64,
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: int64,
  labels: texted,
  annotations: texted,
  ownerReferences: list(
    object({ apiVersion: text, kind: text, name: text, uid: text, controller: bool, blockOwnerDeletion: bool }),
  ),
  finalizers: texts,
  managedFields: list(anything),
});

/** A whole kind: the fields that all kinds have, and `fields`. */
export const kindOf = (fields: Fields): Schema => object({ apiVersion: text, kind: text, metadata, ...fields });
