/** Table responses, and responses with metadata only. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Wanted } from '../requests/negotiation.ts';

const metadataOnly = (object: KubeObject): object => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
});

/** In lists of built-in kinds only the list has a type. */
function withoutType({ apiVersion: _apiVersion, kind: _kind, ...fields }: KubeObject): object {
  return fields;
}

/** `includeObject`: whole objects, their metadata, or nothing in the rows. */
export type TableOptions = { nowMs: number; includeObject: string; hasColumns: boolean };

/** `objects` have the stored form. */
function buildTable(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: object,
  { nowMs, includeObject, hasColumns }: TableOptions,
): object {
  const columnDefinitions = kind.columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
  const objectOf = (object: KubeObject): object | null => {
    if (includeObject === 'None') return null;
    return includeObject === 'Object' ? kind.fromStored(object) : metadataOnly(object);
  };
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: hasColumns ? columnDefinitions : null,
    rows: objects.map((object) => ({
      cells: kind.columns.map((one) => one.cell(object, nowMs)),
      object: objectOf(object),
    })),
  };
}

export type View = { wanted: Wanted; nowMs: number; includeObject: string };

/** Returns a stored object in the form that the client accepts. */
export function viewObject(
  kind: Kind,
  object: KubeObject,
  { wanted, nowMs, includeObject }: View,
  hasColumns = true,
): object {
  if (wanted.as === 'Table') {
    const { resourceVersion } = object.metadata;
    return buildTable(
      kind,
      [object],
      { ...(resourceVersion !== undefined && { resourceVersion }) },
      { nowMs, includeObject, hasColumns },
    );
  }
  return wanted.as === 'PartialObjectMetadata' ? metadataOnly(object) : kind.fromStored(object);
}

export function viewList(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: object,
  { wanted, nowMs, includeObject }: View,
): object {
  if (wanted.as === 'Table') return buildTable(kind, objects, metadata, { nowMs, includeObject, hasColumns: true });
  if (wanted.as === 'PartialObjectMetadataList') {
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      items: objects.map(metadataOnly),
    };
  }
  const { group, version } = kind.entry;
  const items = objects.map((object) =>
    kind.isCustom ? kind.fromStored(object) : withoutType(kind.fromStored(object)),
  );
  return { kind: kind.listKind, apiVersion: group === '' ? version : `${group}/${version}`, metadata, items };
}
