/** The fields that a write may set and those that only the server sets: pure steps from a request to the stored object. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { KubeObject, ObjectMeta } from '../../../../src/kube/ports.ts';
import { type FieldError, invalidObject } from '../../schema/field-error.ts';
import { type JsonObject, isSameJson } from '../../schema/json.ts';
import { withValue } from '../fields.ts';
import { hasSubresource, type Kind, qualifiedKind } from '../kinds/kind.ts';
import { validateMetadata, validateMetadataUpdate } from '../kinds/metadata.ts';
import type { ManagedFieldsEntry } from '../../patch/managed-fields.ts';

/** Without vowels, so that no words result, and without letters that look alike. */
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';
const randomSuffix = (): string =>
  [...randomBytes(5)].map((byte) => suffixLetters[byte % suffixLetters.length]).join('');

/** Returns a new object with name and identity, and without the fields that only the server sets. */
export function prepareNew(
  kind: Kind,
  object: KubeObject,
  { namespace, nowIso }: { namespace: string | undefined; nowIso: string },
): KubeObject {
  const { name, generateName, labels, annotations, ownerReferences, finalizers } = object.metadata;
  const metadata: ObjectMeta = {
    name: name === '' && generateName ? `${generateName.slice(0, 58)}${randomSuffix()}` : name,
    ...(generateName && { generateName }),
    ...(namespace !== undefined && { namespace }),
    uid: randomUUID(),
    ...(kind.countsGenerations && { generation: 1 }),
    creationTimestamp: nowIso,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(ownerReferences && { ownerReferences }),
    ...(finalizers && { finalizers }),
  };
  // A kubelet creates its Node with its status.
  const keepsStatus = !hasSubresource(kind, 'status') || kind.entry.kind === 'Node';
  return { ...object, metadata, ...(!keepsStatus && { status: undefined }) };
}

/** Returns a new version of an object: fields that the request may not change are those of `current`. */
export function prepareChanged(
  kind: Kind,
  current: KubeObject,
  proposed: KubeObject,
  subresource: string | undefined,
): KubeObject {
  const owned = { ...proposed, metadata: prepareMetadata(current.metadata, proposed.metadata) };
  if (subresource === 'status') {
    const metadata = takesMetadataWithStatus(kind) ? owned.metadata : current.metadata;
    return { ...current, metadata, status: proposed['status'] };
  }
  return hasSubresource(kind, 'status') ? { ...owned, status: current['status'] } : owned;
}

/** Kubelets set labels and conditions in one request. */
const takesMetadataWithStatus = ({ entry }: Kind): boolean =>
  entry.group === '' && (entry.kind === 'Pod' || entry.kind === 'Node');

/** A request may repeat times and identity; they are compared later. All other fields of the server keep their values. */
function prepareMetadata(current: ObjectMeta, proposed: ObjectMeta): ObjectMeta {
  const { labels, annotations, ownerReferences, finalizers, uid, creationTimestamp, deletionTimestamp } = proposed;
  const { name, namespace, generateName, resourceVersion, generation, deletionGracePeriodSeconds } = current;
  const identity = {
    generateName,
    namespace,
    resourceVersion,
    generation,
    deletionGracePeriodSeconds,
    uid: uid ?? current.uid,
    creationTimestamp: creationTimestamp ?? current.creationTimestamp,
    deletionTimestamp: deletionTimestamp ?? current.deletionTimestamp,
  };
  // Empty fields are dropped.
  const wishes = { labels, annotations, ownerReferences, finalizers };
  return {
    name,
    ...withoutMissing(identity),
    ...withoutMissing(wishes, (value) => Object.keys(value ?? {}).length > 0),
  };
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function withoutMissing<Fields extends object>(fields: Fields, isThere?: (value: unknown) => boolean): Present<Fields>;
function withoutMissing(fields: object, isThere: (value: unknown) => boolean = (value) => value !== undefined): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isThere(value)));
}

/** Defaults of the schema, then those of the kind's rules. */
export function complete(kind: Kind, object: KubeObject, old?: KubeObject): KubeObject {
  const withDefaults = applyDefaults(kind, object);
  return withoutUndefined(kind.complete?.(withDefaults, old) ?? withDefaults);
}

export function applyDefaults(kind: Kind, object: KubeObject): KubeObject {
  const { apiVersion, kind: name, metadata } = object;
  return { ...kind.schema.applyDefaults(withoutUndefined(object)), apiVersion, kind: name, metadata };
}

function withoutUndefined(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, ...fields } = object;
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return { apiVersion, kind, metadata, ...Object.fromEntries(present) };
}

export function withManagedFields(object: KubeObject, managedFields: readonly ManagedFieldsEntry[]): KubeObject {
  const metadata = { ...object.metadata, managedFields };
  if (managedFields.length > 0) return { ...object, metadata };
  const { managedFields: _, ...others } = metadata;
  return { ...object, metadata: others };
}

/** Increments the generation if anything except metadata and status has changed. */
export function withGeneration(kind: Kind, current: KubeObject, next: KubeObject): KubeObject {
  if (!kind.countsGenerations || isSameJson(specOf(kind, current), specOf(kind, next))) return next;
  return { ...next, metadata: { ...next.metadata, generation: (current.metadata.generation ?? 0) + 1 } };
}

function specOf(kind: Kind, object: JsonObject): JsonObject {
  const withoutMetadata = withValue(withValue(object, ['metadata'], undefined), ['apiVersion'], undefined);
  return hasSubresource(kind, 'status') ? withValue(withoutMetadata, ['status'], undefined) : withoutMetadata;
}

/** Throws Invalid with all errors of the object. */
export function checkObject(kind: Kind, object: KubeObject, old: KubeObject | undefined, subresource?: string): void {
  const metadataErrors = validateMetadata(kind, object.metadata);
  const errors: FieldError[] =
    old === undefined ? metadataErrors : [...metadataErrors, ...validateMetadataUpdate(object, old)];
  if (kind.isCustom) errors.push(...kind.schema.validate(object, old));
  else if (subresource !== 'status') errors.push(...(kind.validate?.(object, old) ?? []));
  if (errors.length > 0) throw invalidObject(kindInErrors(kind), object.metadata.name, errors);
}

/** Events of both groups are validated as those of the core group. */
const kindInErrors = (kind: Kind): string => (kind.entry.kind === 'Event' ? 'Event' : qualifiedKind(kind));
