/**
 * How the parts of an object merge: which lists are sets or maps, and which objects are atomic. The topology of a kind is its schema.
 */
import type { Schema } from '../schema/schema.ts';
import { isJsonObject, type JsonObject } from '../schema/json.ts';

export type Topology = Schema;

const granular: Topology = {};
/** Without a schema, all maps are granular, and all lists atomic. */
const untyped: Topology = { 'x-kubernetes-preserve-unknown-fields': true };

const objectMeta: Topology = {
  properties: {
    annotations: { additionalProperties: granular },
    finalizers: { 'x-kubernetes-list-type': 'set' },
    labels: { additionalProperties: granular },
    ownerReferences: {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      items: { 'x-kubernetes-map-type': 'atomic' },
    },
  },
};

/** Returns the topology of a kind. */
export function schemaTopology(schema: Schema): Topology {
  return {
    ...schema,
    properties: { ...schema.properties, apiVersion: granular, kind: granular, metadata: objectMeta },
  };
}

export function fieldTopology(topology: Topology, name: string): Topology {
  const declared = topology.properties;
  if (declared !== undefined && Object.hasOwn(declared, name)) return declared[name] ?? granular;
  if (typeof topology.additionalProperties === 'object') return topology.additionalProperties;
  return topology['x-kubernetes-preserve-unknown-fields'] === true || topology.additionalProperties === true
    ? untyped
    : granular;
}

/** True for a field of a structure, false for a key of a map, which exists only while a manager applies it. */
export function isNamedField(topology: Topology, name: string): boolean {
  const declared = topology.properties;
  if (declared !== undefined && Object.hasOwn(declared, name)) return true;
  return topology.additionalProperties === undefined && topology['x-kubernetes-preserve-unknown-fields'] !== true;
}

/** An object that merges field by field. */
export function isGranular(topology: Topology, value: unknown): value is JsonObject {
  return isJsonObject(value) && topology['x-kubernetes-map-type'] !== 'atomic';
}

/** A list whose elements have identities. */
export function isAssociative(topology: Topology, value: unknown): value is unknown[] {
  const type = topology['x-kubernetes-list-type'];
  return Array.isArray(value) && (type === 'set' || type === 'map');
}

export const itemTopology = (topology: Topology): Topology => topology.items ?? granular;
