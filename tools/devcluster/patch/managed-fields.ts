/** `metadata.managedFields`: the managers of fields. */
import type { KubeObject } from '../../../src/kube/ports.ts';
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import { decodeFieldSet, difference, encodeFieldSet, type FieldSet, isSame, union } from './field-set.ts';
import type { Topology } from './topology.ts';
import { compare } from './typed-value.ts';

export type Operation = 'Apply' | 'Update';

export type ManagedFieldsEntry = {
  manager: string;
  operation: Operation;
  apiVersion: string;
  time?: string;
  fieldsType: 'FieldsV1';
  fieldsV1: JsonObject;
  subresource?: string;
};

/** A field manager: each operation, version and subresource has its own entry. */
export type Manager = { name: string; operation: Operation; apiVersion: string; subresource?: string | undefined };

/** `time`: when the set last changed. */
export type Managed = { manager: Manager; fields: FieldSet; time: string | undefined };

/** Fields of every object that have no manager. */
const unowned: FieldSet = new Set([
  'f:apiVersion',
  'f:kind',
  'f:metadata',
  ...[
    'creationTimestamp',
    'generation',
    'managedFields',
    'name',
    'namespace',
    'resourceVersion',
    'selfLink',
    'uid',
  ].map((name) => `f:metadata\nf:${name}`),
]);

export const ownable = (fields: FieldSet): FieldSet => difference(fields, unowned);

export const isSameManager = (a: Manager, b: Manager): boolean =>
  a.name === b.name &&
  a.operation === b.operation &&
  a.apiVersion === b.apiVersion &&
  (a.subresource ?? '') === (b.subresource ?? '');

/** Returns the valid entries of an object. */
export function readManagedFields(object: KubeObject | undefined): Managed[] {
  const entries = rawEntries(object).filter(isEntry);
  return entries.map(({ apiVersion, fieldsV1, manager: name, operation, subresource, time }) => ({
    manager: { name, operation, apiVersion, subresource },
    fields: decodeFieldSet(fieldsV1),
    time,
  }));
}

function rawEntries(object: KubeObject | undefined): unknown[] {
  const metadata: object = object?.metadata ?? {};
  return 'managedFields' in metadata && Array.isArray(metadata.managedFields) ? metadata.managedFields : [];
}

function isEntry(value: unknown): value is ManagedFieldsEntry {
  if (!isJsonObject(value) || !isJsonObject(value['fieldsV1'])) return false;
  return (
    typeof value['manager'] === 'string' &&
    typeof value['apiVersion'] === 'string' &&
    (value['operation'] === 'Apply' || value['operation'] === 'Update')
  );
}

/** Sorts as the API server does: operation, time, name. */
export function writeManagedFields(managed: readonly Managed[]): ManagedFieldsEntry[] {
  const orderKey = ({ manager, time = '' }: Managed): string =>
    [manager.operation, time, manager.name, manager.subresource ?? ''].join('\n');
  const inOrder = managed.toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
  return inOrder.map(({ fields, manager, time }) => ({
    manager: manager.name,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFieldSet(fields),
    ...(manager.subresource !== undefined && { subresource: manager.subresource }),
  }));
}

export type TrackedUpdate = {
  /** Undefined if the object is created. */
  before: KubeObject | undefined;
  after: KubeObject;
  manager: string;
  /** `status`, `scale`: fields set through a subresource have their own entry. */
  subresource?: string | undefined;
  topology: Topology;
  /** To the second. */
  nowIso: string;
};

/** Returns the managed fields after a create, update or patch: the writer takes changed fields from all other managers. */
export function trackUpdate({
  after,
  before,
  manager,
  nowIso,
  subresource,
  topology,
}: TrackedUpdate): ManagedFieldsEntry[] {
  if (isReset(after)) return [];
  const writer: Manager = { name: manager, operation: 'Update', apiVersion: after.apiVersion, subresource };
  const { added, modified, removed } = compare(before ?? {}, after, topology);
  const changed = ownable(union(added, modified));
  // A request may rewrite the entries, or omit them.
  const sent = subresource === undefined ? readManagedFields(after) : [];
  const known = sent.length > 0 ? sent : readManagedFields(before);
  const others = known.filter((one) => !isSameManager(one.manager, writer));
  const own = known.find((one) => isSameManager(one.manager, writer));
  const fields = union(difference(own?.fields ?? new Set(), removed), changed);
  const written = own !== undefined && isSame(own.fields, fields) ? own : { manager: writer, fields, time: nowIso };
  const left = others.map((one) => ({ ...one, fields: difference(one.fields, union(changed, removed)) }));
  return writeManagedFields([...left, written].filter((one) => one.fields.size > 0));
}

/** `[{}]` in an update clears all entries. */
function isReset(object: KubeObject): boolean {
  const entries = rawEntries(object);
  return entries.length === 1 && isJsonObject(entries[0]) && Object.keys(entries[0]).length === 0;
}
