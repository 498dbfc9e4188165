/** CustomResourceDefinitions: their required fields, and their status, which is set at once. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { prepareSchema } from '../../schema/prepare.ts';
import { objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { dns1035Label, subdomain } from './names.ts';

function completeDefinition(crd: KubeObject, old?: KubeObject): KubeObject {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind');
  const completedNames = {
    ...names,
    singular: names['singular'] ?? kind.toLowerCase(),
    listKind: names['listKind'] ?? `${kind}List`,
  };
  const versions = objectsAt(spec, 'versions').map((version) => ({
    ...version,
    served: version['served'] === true,
    storage: version['storage'] === true,
  }));
  const storage = versions.filter((version) => version.storage).map((version) => textAt(version, 'name'));
  const status = {
    ...objectAt(crd, 'status'),
    conditions: valueAt(old, 'status', 'conditions') ?? establishedAt(crd.metadata.creationTimestamp),
    acceptedNames: completedNames,
    storedVersions: [...new Set([...textsAt(old, 'status', 'storedVersions'), ...storage])],
  };
  return { ...crd, spec: { ...spec, names: completedNames, versions }, status };
}

const establishedAt = (time = ''): JsonObject[] => [
  {
    type: 'NamesAccepted',
    status: 'True',
    lastTransitionTime: time,
    reason: 'NoConflicts',
    message: 'no conflicts found',
  },
  {
    type: 'Established',
    status: 'True',
    lastTransitionTime: time,
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  },
];

const scopes = ['Cluster', 'Namespaced'];

function validateDefinition(crd: KubeObject, old?: KubeObject): FieldError[] {
  const spec = objectAt(crd, 'spec');
  const group = textAt(spec, 'group');
  const errors = [...validateNames(crd.metadata.name, spec)];
  const scope = textAt(spec, 'scope');
  if (!scopes.includes(scope)) {
    errors.push(scope === '' ? required('spec.scope') : notSupported('spec.scope', scope, scopes));
  }
  if (group === '') errors.push(required('spec.group'));
  else if (group.split('.').length < 2) {
    errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
  }
  errors.push(...validateVersions(crd));
  for (const path of [['scope'], ['names', 'kind'], ['names', 'plural'], ['group']]) {
    const before = valueAt(old, 'spec', ...path);
    if (before !== undefined && before !== valueAt(spec, ...path)) {
      errors.push(invalid(`spec.${path.join('.')}`, valueAt(spec, ...path), 'field is immutable'));
    }
  }
  return errors;
}

function validateVersions(crd: KubeObject): FieldError[] {
  const versions = objectsAt(crd, 'spec', 'versions');
  const errors: FieldError[] = [];
  versions.forEach((version, index) => {
    const at = `spec.versions[${index}]`;
    // With one version, errors in its columns are reported for the whole definition.
    errors.push(...validateVersion(version, at), ...validateColumns(version, versions.length === 1 ? 'spec' : at));
  });
  const names = versions.map((version) => version['name']);
  if (new Set(names).size < names.length) {
    errors.push(invalid('spec.versions', versions, 'must contain unique version names'));
  }
  const strategy = textAt(crd, 'spec', 'conversion', 'strategy') || 'None';
  if (!strategies.includes(strategy)) errors.push(notSupported('spec.conversion.strategy', strategy, strategies));
  if (versions.filter((version) => version['storage'] === true).length === 1) return errors;
  errors.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  const isStored = textsAt(crd, 'status', 'storedVersions').length > 0;
  return isStored
    ? errors
    : [...errors, invalid('status.storedVersions', null, 'must have at least one stored version')];
}

const strategies = ['None', 'Webhook'];
const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];

const validateColumns = (version: JsonObject, at: string): FieldError[] =>
  objectsAt(version, 'additionalPrinterColumns').flatMap((column, index) => {
    const place = `${at}.additionalPrinterColumns[${index}]`;
    const [name, type, path] = [textAt(column, 'name'), textAt(column, 'type'), textAt(column, 'jsonPath')];
    const errors = name === '' ? [required(`${place}.name`)] : [];
    if (type === '') errors.push(required(`${place}.type`, `must be one of ${columnTypes.join(',')}`));
    else if (!columnTypes.includes(type)) {
      errors.push(invalid(`${place}.type`, type, `must be one of ${columnTypes.join(',')}`));
    }
    if (path === '') return [...errors, required(`${place}.JSONPath`)];
    return path.startsWith('.')
      ? errors
      : [...errors, invalid(`${place}.JSONPath`, path, 'must be a simple json path starting with .')];
  });

function validateNames(name: string, spec: JsonObject): FieldError[] {
  const plural = textAt(spec, 'names', 'plural');
  const errors: FieldError[] = [];
  if (name !== `${plural}.${textAt(spec, 'group')}`) {
    errors.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    const value = textAt(spec, 'names', field);
    // Kinds have capital letters; plural names are part of paths and have none.
    const problem =
      value === '' ? undefined : dns1035Label(field === 'kind' || field === 'listKind' ? value.toLowerCase() : value);
    if (value === '') errors.push(required(`spec.names.${field}`));
    if (problem !== undefined) errors.push(invalid(`spec.names.${field}`, value, problem));
  }
  return errors;
}

function validateVersion(version: JsonObject, at: string): FieldError[] {
  const name = textAt(version, 'name');
  const problem = dns1035Label(name) ?? subdomain(name);
  const errors = problem === undefined ? [] : [invalid(`${at}.name`, name, problem)];
  const source = valueAt(version, 'schema', 'openAPIV3Schema');
  const schemaAt = `${at}.schema.openAPIV3Schema`;
  if (source === undefined) return [...errors, required(schemaAt)];
  const preparation = prepareSchema(source, schemaAt);
  if (!preparation.ok) errors.push(...preparation.problems);
  const scale = valueAt(version, 'subresources', 'scale');
  if (scale === undefined) return errors;
  for (const [field, parent] of [
    ['specReplicasPath', '.spec.'],
    ['statusReplicasPath', '.status.'],
  ] as const) {
    const path = textAt(scale, field);
    if (path === '') errors.push(required(`${at}.subresources.scale.${field}`));
    else if (!path.startsWith(parent)) {
      errors.push(
        invalid(`${at}.subresources.scale.${field}`, path, `should be a json path under ${parent.slice(0, -1)}`),
      );
    }
  }
  return errors;
}

export const crdRules: KindRules = { complete: completeDefinition, validate: validateDefinition };
