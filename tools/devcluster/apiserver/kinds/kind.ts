/** A kind as it is served: built in, or made from a CustomResourceDefinition. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { Topology } from '../../patch/topology.ts';
import type { ResourceEntry } from '../../resource-table.ts';
import type { FieldError } from '../../schema/field-error.ts';
import type { PreparedSchema } from '../../schema/prepare.ts';
import type { Column } from '../output/column.ts';

/** Where the numbers of the scale subresource are in an object. */
export type ScalePaths = { spec: readonly string[]; status: readonly string[]; selector?: readonly string[] };

/** What a built-in kind does besides following its schema. */
export type KindRules = {
  /** Fills in what the schema cannot say: defaults that depend on other fields, what the server alone decides. */
  complete?: (object: KubeObject, old?: KubeObject) => KubeObject;
  /** Objects are complete here. `old` is the one that is replaced. */
  validate?: (object: KubeObject, old?: KubeObject) => FieldError[];
};

export type Kind = KindRules & {
  entry: ResourceEntry;
  listKind: string;
  /** Where its objects are in the store. Versions of a kind share one. */
  shelf: string;
  isCustom: boolean;
  schema: PreparedSchema;
  topology: Topology;
  scale?: ScalePaths;
  /** Counts changes of what is not metadata or status in `metadata.generation`. */
  countsGenerations: boolean;
  /** A PUT of an object that is not there creates it. */
  createsOnUpdate: boolean;
  /** A deletion answers with the object instead of a Status. */
  returnsDeleted: boolean;
  /** What a field selector may ask besides name and namespace. */
  selectableFields: readonly string[];
  columns: readonly Column[];
  /** Between this version of the kind and the form in the store. */
  toStored: (object: KubeObject) => KubeObject;
  fromStored: (object: KubeObject) => KubeObject;
};

export const hasSubresource = ({ entry }: Kind, name: string): boolean =>
  entry.subresources.some((one) => one.name === name);

export const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`;

/** `deployments.apps`, as messages have it. */
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
