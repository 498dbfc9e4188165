/** Validation of `metadata`, the same for all kinds. */
import type { KubeObject, ObjectMeta, OwnerReference } from '../../../../src/kube/ports.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '../../schema/field-error.ts';
import { dns1035Label, dnsLabel, labelValue, pathSegment, qualifiedName, subdomain } from './names.ts';
import type { Kind } from './kind.ts';

const annotationsLimit = 256 * 1024;

function nameProblem({ entry }: Kind, name: string): string | undefined {
  if (entry.group === 'rbac.authorization.k8s.io') return pathSegment(name);
  if (entry.kind === 'Namespace') return dnsLabel(name);
  return entry.kind === 'Service' && entry.group === '' ? dns1035Label(name) : subdomain(name);
}

/** Returns what is wrong with the metadata of a new object. */
export function validateMetadata(kind: Kind, metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  const nameIsWrong = metadata.name === '' ? undefined : nameProblem(kind, metadata.name);
  if (metadata.name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  if (nameIsWrong !== undefined) errors.push(invalid('metadata.name', metadata.name, nameIsWrong));
  return [...errors, ...validateLabels(metadata.labels, 'metadata.labels'), ...validateRest(metadata)];
}

function validateLabels(labels: Readonly<Record<string, string>> = {}, at: string): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const keyProblem = qualifiedName(key);
    const valueProblem = labelValue(value);
    return [
      ...(keyProblem === undefined ? [] : [invalid(at, key, keyProblem)]),
      ...(valueProblem === undefined ? [] : [invalid(at, value, valueProblem)]),
    ];
  });
}

const validateRest = ({ annotations = {}, ownerReferences = [], finalizers = [] }: ObjectMeta): FieldError[] => [
  ...validateAnnotations(annotations),
  ...validateOwners(ownerReferences),
  ...finalizers.flatMap((finalizer) => validateFinalizer(finalizer, 'metadata.finalizers')),
];

function validateAnnotations(annotations: Readonly<Record<string, string>>): FieldError[] {
  const errors = Object.keys(annotations).flatMap((key) => {
    const problem = qualifiedName(key.toLowerCase());
    return problem === undefined ? [] : [invalid('metadata.annotations', key, problem)];
  });
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return size > annotationsLimit ? [...errors, tooLong('metadata.annotations', annotationsLimit)] : errors;
}

function validateOwners(owners: readonly OwnerReference[]): FieldError[] {
  const at = 'metadata.ownerReferences';
  const errors = owners.flatMap((owner) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => !owner[field])
      .map((field) => invalid(`${at}.${field}`, '', 'must not be empty')),
  );
  const controllers = owners.filter((owner) => owner.controller === true).map(({ kind, name }) => `${kind}/${name}`);
  if (controllers.length < 2) return errors;
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controllers.join(' and ')}`;
  return [...errors, invalid(at, owners, detail)];
}

function validateFinalizer(finalizer: string, at: string): FieldError[] {
  const formProblem = qualifiedName(finalizer);
  const errors = formProblem === undefined ? [] : [invalid(at, finalizer, formProblem)];
  const isKnown = finalizer.includes('/') || finalizer === 'kubernetes';
  return isKnown
    ? errors
    : [...errors, invalid(at, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];
}

/** Returns what else is wrong with an object that replaces another. */
export function validateMetadataUpdate({ metadata }: KubeObject, { metadata: before }: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['uid', 'creationTimestamp', 'deletionTimestamp'] as const) {
    if (metadata[field] !== before[field]) {
      errors.push(invalid(`metadata.${field}`, metadata[field], 'field is immutable'));
    }
  }
  const added = (metadata.finalizers ?? []).filter((one) => !(before.finalizers ?? []).includes(one));
  if (before.deletionTimestamp !== undefined && added.length > 0) {
    const list = added.map((one) => JSON.stringify(one)).join(', ');
    errors.push(
      forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      ),
    );
  }
  return errors;
}
