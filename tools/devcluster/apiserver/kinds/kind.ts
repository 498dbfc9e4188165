/** A kind of the API: built in, or defined by a CustomResourceDefinition. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { Topology } from '../../patch/topology.ts';
import type { ResourceEntry } from '../../resource-table.ts';
import type { FieldError } from '../../schema/field-error.ts';
import type { PreparedSchema } from '../../schema/prepare.ts';
import type { Column } from '../output/column.ts';

/** The paths of the fields of the scale subresource in an object. */
export type ScalePaths = { spec: readonly string[]; status: readonly string[]; selector?: readonly string[] };

/** The behavior of a built-in kind beyond its schema. */
export type KindRules = {
  /** Sets what the schema cannot express: defaults that depend on other fields, and fields that only the server sets. */
  complete?: (object: KubeObject, old?: KubeObject) => KubeObject;
  /** Receives a completed object. `old` is the object that it replaces. */
  validate?: (object: KubeObject, old?: KubeObject) => FieldError[];
};

export type Kind = KindRules & {
  entry: ResourceEntry;
  listKind: string;
  /** The key of its objects in the store. The versions of a kind share one. */
  shelf: string;
  isCustom: boolean;
  schema: PreparedSchema;
  topology: Topology;
  scale?: ScalePaths;
  /** Whether `metadata.generation` counts the changes outside of metadata and status. */
  countsGenerations: boolean;
  /** Whether a PUT of a missing object creates it. */
  createsOnUpdate: boolean;
  /** Whether the response to a deletion is the object instead of a Status. */
  returnsDeleted: boolean;
  /** The fields that a field selector may use besides name and namespace. */
  selectableFields: readonly string[];
  columns: readonly Column[];
  /** Conversion between this version of the kind and the stored form. */
  toStored: (object: KubeObject) => KubeObject;
  fromStored: (object: KubeObject) => KubeObject;
};

export const hasSubresource = ({ entry }: Kind, name: string): boolean =>
  entry.subresources.some((one) => one.name === name);

export const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`;

/** `deployments.apps`, as in messages. */
export const qualifiedPlural = ({ entry }: Kind): string =>
  entry.group === '' ? entry.plural : `${entry.plural}.${entry.group}`;
/** `Deployment.apps` */
export const qualifiedKind = ({ entry }: Kind): string =>
  entry.group === '' ? entry.kind : `${entry.kind}.${entry.group}`;

/** `details` of a Status about one object. */
export const detailsOf = ({ entry }: Kind, name: string): { name: string; group?: string; kind: string } => ({
  name,
  ...(entry.group !== '' && { group: entry.group }),
  kind: entry.plural,
});
