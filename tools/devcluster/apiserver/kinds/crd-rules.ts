/** CustomResourceDefinitions: their validation, and their status, which is final at once. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { prepareSchema } from '../../schema/prepare.ts';
import { objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { dns1035Label } from './names.ts';

function completeDefinition(crd: KubeObject, old?: KubeObject): KubeObject {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind');
  const defaultNames = { singular: kind.toLowerCase(), listKind: `${kind}List` };
  const completedNames = { ...defaultNames, ...names };
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

/** Refuses what could not be served. Other mistakes in a CRD are left to a real API server. */
function validateDefinition(crd: KubeObject, old?: KubeObject): FieldError[] {
  const spec = objectAt(crd, 'spec');
  const errors = validateNames(crd.metadata.name, spec);
  const scope = textAt(spec, 'scope');
  if (!scopes.includes(scope)) errors.push(notSupported('spec.scope', scope, scopes));
  const strategy = textAt(spec, 'conversion', 'strategy');
  if (strategy !== 'None') errors.push(notSupported('spec.conversion.strategy', strategy, ['None']));
  for (const path of [['scope'], ['names', 'kind'], ['names', 'plural'], ['group']]) {
    const before = valueAt(old, 'spec', ...path);
    if (before !== undefined && before !== valueAt(spec, ...path)) {
      errors.push(invalid(`spec.${path.join('.')}`, valueAt(spec, ...path), 'field is immutable'));
    }
  }
  return [...errors, ...validateVersions(objectsAt(spec, 'versions'))];
}

function validateNames(name: string, spec: JsonObject): FieldError[] {
  const plural = textAt(spec, 'names', 'plural');
  const errors: FieldError[] = [];
  if (name !== `${plural}.${textAt(spec, 'group')}`) {
    errors.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    const value = textAt(spec, 'names', field);
    // Kinds are written with capitals, names in paths without.
    const text = field === 'kind' || field === 'listKind' ? value.toLowerCase() : value;
    const problem = value === '' ? undefined : dns1035Label(text);
    if (value === '') errors.push(required(`spec.names.${field}`));
    if (problem !== undefined) errors.push(invalid(`spec.names.${field}`, value, problem));
  }
  return errors;
}

function validateVersions(versions: readonly JsonObject[]): FieldError[] {
  const errors = versions.flatMap((version, index) => validateVersion(version, `spec.versions[${index}]`));
  const names = versions.map((version) => version['name']);
  if (new Set(names).size < names.length) {
    errors.push(invalid('spec.versions', versions, 'must contain unique version names'));
  }
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    errors.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  }
  return errors;
}

function validateVersion(version: JsonObject, at: string): FieldError[] {
  const problem = dns1035Label(textAt(version, 'name'));
  const errors = problem === undefined ? [] : [invalid(`${at}.name`, textAt(version, 'name'), problem)];
  const schemaAt = `${at}.schema.openAPIV3Schema`;
  const source = valueAt(version, 'schema', 'openAPIV3Schema');
  if (source === undefined) return [...errors, required(schemaAt)];
  const preparation = prepareSchema(source, schemaAt);
  return preparation.ok ? errors : [...errors, ...preparation.problems];
}

export const crdRules: KindRules = { complete: completeDefinition, validate: validateDefinition };
