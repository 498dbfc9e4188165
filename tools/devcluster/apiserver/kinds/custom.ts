/** The kinds that a CustomResourceDefinition defines, one for each served version. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { schemaTopology } from '../../patch/topology.ts';
import { allVerbs, scaleEntry, statusOf } from '../../resource-table.ts';
import type { JsonObject } from '../../schema/json.ts';
import { prepareSchema } from '../../schema/prepare.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import { ageColumn, type Column, column, formatAge, nameColumn } from '../output/column.ts';
import { evaluateJsonPath, parseJsonPath } from './json-path.ts';
import { apiVersionOf, type Kind, type ScalePaths } from './kind.ts';

const columnTypes = ['string', 'integer', 'number', 'boolean', 'date'] as const;

function customColumn(source: JsonObject): Column {
  const path = textAt(source, 'jsonPath');
  const steps = parseJsonPath(path);
  const type = columnTypes.find((one) => one === source['type']) ?? 'string';
  const cell = (object: KubeObject, nowMs: number): unknown => {
    const values = evaluateJsonPath(steps, object);
    const [first] = values;
    if (first === undefined) return null;
    if (type === 'date') return formatAge(first, nowMs);
    if (type === 'string') {
      return values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(',');
    }
    return typeof first === (type === 'boolean' ? 'boolean' : 'number') ? first : null;
  };
  const description =
    textAt(source, 'description') || `Custom resource definition column (in JSONPath format): ${path}`;
  return column(textAt(source, 'name'), cell, {
    type,
    format: textAt(source, 'format'),
    description,
    priority: numberAt(source, 'priority') ?? 0,
  });
}

const pathOf = (text: string): string[] => text.split('.').filter((name) => name !== '');

function scalePaths(version: JsonObject): ScalePaths | undefined {
  const scale = valueAt(version, 'subresources', 'scale');
  if (scale === undefined) return undefined;
  const selector = pathOf(textAt(scale, 'labelSelectorPath'));
  return {
    spec: pathOf(textAt(scale, 'specReplicasPath')),
    status: pathOf(textAt(scale, 'statusReplicasPath')),
    ...(selector.length > 0 && { selector }),
  };
}

/** Versions differ only in their names: conversion is `None`. */
const inVersion =
  (apiVersion: string) =>
  (object: KubeObject): KubeObject =>
    object.apiVersion === apiVersion ? object : { ...object, apiVersion };

function customKind(crd: KubeObject, version: JsonObject, storageVersion: string): Kind[] {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const [group, plural, kind, name] = [
    textAt(spec, 'group'),
    textAt(names, 'plural'),
    textAt(names, 'kind'),
    textAt(version, 'name'),
  ];
  const preparation = prepareSchema(valueAt(version, 'schema', 'openAPIV3Schema'));
  if (!preparation.ok) return [];
  const scale = scalePaths(version);
  const hasStatus = valueAt(version, 'subresources', 'status') !== undefined;
  const columns = objectsAt(version, 'additionalPrinterColumns').map(customColumn);
  return [
    {
      entry: {
        group,
        version: name,
        kind,
        plural,
        namespaced: spec['scope'] === 'Namespaced',
        singular: textAt(names, 'singular'),
        shortNames: textsAt(names, 'shortNames'),
        categories: textsAt(names, 'categories'),
        verbs: allVerbs,
        subresources: [...(hasStatus ? [statusOf(kind)] : []), ...(scale ? [scaleEntry] : [])],
      },
      listKind: textAt(names, 'listKind'),
      shelf: `${group}/${plural}`,
      isCustom: true,
      schema: preparation.prepared,
      topology: schemaTopology(preparation.prepared.schema),
      ...(scale && { scale }),
      countsGenerations: true,
      createsOnUpdate: false,
      returnsDeleted: false,
      selectableFields: objectsAt(version, 'selectableFields').map((field) =>
        pathOf(textAt(field, 'jsonPath')).join('.'),
      ),
      columns: [nameColumn, ...(columns.length > 0 ? columns : [ageColumn])],
      toStored: inVersion(apiVersionOf({ group, version: storageVersion })),
      fromStored: inVersion(apiVersionOf({ group, version: name })),
    },
  ];
}

export function createCustomKinds(crd: KubeObject): Kind[] {
  const versions = objectsAt(crd, 'spec', 'versions');
  const storage = textAt(
    versions.find((version) => version['storage'] === true),
    'name',
  );
  return versions
    .filter((version) => version['served'] === true)
    .flatMap((version) => customKind(crd, version, storage));
}
