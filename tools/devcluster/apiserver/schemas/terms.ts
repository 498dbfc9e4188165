/** The terms in which the schemas of the built-in kinds are written. */
import type { Schema } from '../../schema/schema.ts';

type Fields = Record<string, Schema>;

export const text: Schema = { type: 'string' };
export const bool: Schema = { type: 'boolean' };
export const int32: Schema = { type: 'integer', format: 'int32' };
export const int64: Schema = { type: 'integer', format: 'int64' };
export const intOrString: Schema = { 'x-kubernetes-int-or-string': true };
/** Stored as it is. */
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
/** Go writes `null` for a time that is not set. */
export const time: Schema = { type: 'string', format: 'date-time', nullable: true };

export const object = (properties: Fields): Schema => ({ type: 'object', properties });
export const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
export const list = (items: Schema): Schema => ({ type: 'array', items });
/** A list whose elements have identities: server-side apply merges them by these keys. */
export const listBy = (keys: readonly string[], items: Schema): Schema => ({
  ...list(items),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [...keys],
});
/** Server-side apply replaces it as a whole. */
export const atomic = (schema: Schema): Schema => ({ ...schema, 'x-kubernetes-map-type': 'atomic' });
export const or = (schema: Schema, value: unknown): Schema => ({ ...schema, default: value });
/** Fields of the same schema: `each(text, 'name image')`. */
export const each = (schema: Schema, names: string): Fields =>
  Object.fromEntries(names.split(' ').map((name) => [name, schema]));

export const texts: Schema = list(text);
export const texted: Schema = map(text);
export const quantities: Schema = map({ ...intOrString, format: 'quantity' });

export const labelSelector: Schema = atomic(
  object({ matchLabels: texted, matchExpressions: list(object({ ...each(text, 'key operator'), values: texts })) }),
);
export const localReference: Schema = atomic(object({ name: text }));
export const objectReference: Schema = atomic(
  object(each(text, 'kind namespace name uid apiVersion resourceVersion fieldPath')),
);

/** `metav1.Condition`, and the older types of conditions. */
export const conditions: Schema = listBy(
  ['type'],
  object({
    ...each(text, 'type status reason message'),
    observedGeneration: int64,
    ...each(time, 'lastProbeTime lastHeartbeatTime lastUpdateTime lastTransitionTime'),
  }),
);

export const metadata: Schema = object({
  ...each(text, 'name generateName namespace selfLink uid resourceVersion'),
  ...each(int64, 'generation deletionGracePeriodSeconds'),
  ...each(time, 'creationTimestamp deletionTimestamp'),
  ...each(texted, 'labels annotations'),
  ownerReferences: list(
    object({ ...each(text, 'apiVersion kind name uid'), ...each(bool, 'controller blockOwnerDeletion') }),
  ),
  finalizers: texts,
  managedFields: list(anything),
});

/** A whole kind: the fields that all kinds have, and `fields`. */
export const kindOf = (fields: Fields): Schema => object({ ...each(text, 'apiVersion kind'), metadata, ...fields });
