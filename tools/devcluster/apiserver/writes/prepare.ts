/** What a write may set, and what the server sets itself: pure steps between the wish of a client and the object in the store. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { KubeObject, ObjectMeta } from '../../../../src/kube/ports.ts';
import { type FieldError, invalidObject } from '../../schema/field-error.ts';
import { type JsonObject, isSameJson } from '../../schema/json.ts';
import { withValue } from '../fields.ts';
import { hasSubresource, type Kind, qualifiedKind } from '../kinds/kind.ts';
import { validateMetadata, validateMetadataUpdate } from '../kinds/metadata.ts';
import type { ManagedFieldsEntry } from '../../patch/managed-fields.ts';

/** No vowels, so that no words come out; nothing that looks like another. */
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';
const randomSuffix = (): string =>
  [...randomBytes(5)].map((byte) => suffixLetters[byte % suffixLetters.length]).join('');

/** A new object as it enters: named, with an identity, without what only the server may say. */
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
  // A kubelet brings its node with all that it knows of it.
  const keepsStatus = !hasSubresource(kind, 'status') || kind.entry.kind === 'Node';
  return { ...object, metadata, ...(!keepsStatus && { status: undefined }) };
}

/** A new version of an object: what the request may not touch is taken from `current`. */
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

/** Kubelets set labels and conditions in one go. */
const takesMetadataWithStatus = ({ entry }: Kind): boolean =>
  entry.group === '' && (entry.kind === 'Pod' || entry.kind === 'Node');

/** Times and identity may be repeated, and are compared later; the rest of what the server says is as it was. */
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
  // What is empty is not there.
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

/** Defaults of the schema, then those that take code. */
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

/** Counts up where something other than metadata and status has changed. */
export function withGeneration(kind: Kind, current: KubeObject, next: KubeObject): KubeObject {
  if (!kind.countsGenerations || isSameJson(specOf(kind, current), specOf(kind, next))) return next;
  return { ...next, metadata: { ...next.metadata, generation: (current.metadata.generation ?? 0) + 1 } };
}

function specOf(kind: Kind, object: JsonObject): JsonObject {
  const withoutMetadata = withValue(withValue(object, ['metadata'], undefined), ['apiVersion'], undefined);
  return hasSubresource(kind, 'status') ? withValue(withoutMetadata, ['status'], undefined) : withoutMetadata;
}

/** Throws Invalid with all that is wrong with the object. */
export function checkObject(kind: Kind, object: KubeObject, old: KubeObject | undefined, subresource?: string): void {
  const metadataErrors = validateMetadata(kind, object.metadata);
  const errors: FieldError[] =
    old === undefined ? metadataErrors : [...metadataErrors, ...validateMetadataUpdate(object, old)];
  if (kind.isCustom) errors.push(...kind.schema.validate(object, old));
  else if (subresource !== 'status') errors.push(...(kind.validate?.(object, old) ?? []));
  if (errors.length > 0) throw invalidObject(kindInErrors(kind), object.metadata.name, errors);
}

/** Events of both groups are checked as those of the core group. */
const kindInErrors = (kind: Kind): string => (kind.entry.kind === 'Event' ? 'Event' : qualifiedKind(kind));
