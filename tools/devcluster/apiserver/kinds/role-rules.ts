/** Roles and what binds them. Nobody is kept from anything by them here, but what a real server would refuse is refused. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';

const group = 'rbac.authorization.k8s.io';

function validateRule(rule: JsonObject, at: string, isNamespaced: boolean): FieldError[] {
  const isEmpty = (field: string): boolean => textsAt(rule, field).length === 0;
  const errors = isEmpty('verbs') ? [required(`${at}.verbs`, 'verbs must contain at least one value')] : [];
  const urls = rule['nonResourceURLs'];
  if (!isEmpty('nonResourceURLs')) {
    if (isNamespaced) {
      errors.push(invalid(`${at}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'));
    }
    const isBoth = !['apiGroups', 'resources', 'resourceNames'].every(isEmpty);
    if (isBoth) {
      errors.push(
        invalid(`${at}.nonResourceURLs`, urls, 'rules cannot apply to both regular resources and non-resource URLs'),
      );
    }
    return errors;
  }
  if (isEmpty('apiGroups')) {
    errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (isEmpty('resources')) {
    errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  }
  return errors;
}

const validateRules = (role: KubeObject, isNamespaced: boolean): FieldError[] =>
  objectsAt(role, 'rules').flatMap((rule, index) => validateRule(rule, `rules[${index}]`, isNamespaced));

function validateClusterRole(role: KubeObject): FieldError[] {
  const errors = validateRules(role, false);
  if (role['aggregationRule'] === undefined || objectsAt(role, 'aggregationRule', 'clusterRoleSelectors').length > 0) {
    return errors;
  }
  return [
    ...errors,
    required(
      'aggregationRule.clusterRoleSelectors',
      'at least one clusterRoleSelector required if aggregationRule is non-nil',
    ),
  ];
}

/** Users and groups are of RBAC, ServiceAccounts are objects of the core group. */
const groupOfSubject = (kind: unknown): string => (kind === 'User' || kind === 'Group' ? group : '');

function completeBinding(binding: KubeObject): KubeObject {
  const subjects = objectsAt(binding, 'subjects').map((subject) => {
    const apiGroup = textAt(subject, 'apiGroup') || groupOfSubject(subject['kind']);
    return apiGroup === '' ? subject : { ...subject, apiGroup };
  });
  return {
    ...binding,
    ...(binding['subjects'] !== undefined && { subjects }),
    roleRef: { apiGroup: group, ...objectAt(binding, 'roleRef') },
  };
}

const subjectKinds = ['ServiceAccount', 'User', 'Group'];

function validateSubject(subject: JsonObject, at: string, isNamespaced: boolean): FieldError[] {
  const kind = textAt(subject, 'kind');
  const errors = textAt(subject, 'name') === '' ? [required(`${at}.name`)] : [];
  if (!subjectKinds.includes(kind)) return [...errors, notSupported(`${at}.kind`, kind, subjectKinds)];
  const [apiGroup, wanted] = [textAt(subject, 'apiGroup'), groupOfSubject(kind)];
  if (apiGroup !== wanted) errors.push(notSupported(`${at}.apiGroup`, apiGroup, [wanted]));
  if (kind === 'ServiceAccount' && !isNamespaced && textAt(subject, 'namespace') === '') {
    errors.push(required(`${at}.namespace`));
  }
  return errors;
}

function validateBinding(binding: KubeObject, old: KubeObject | undefined, isNamespaced: boolean): FieldError[] {
  const roleKinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const [apiGroup, kind, name] = ['apiGroup', 'kind', 'name'].map((field) => textAt(binding, 'roleRef', field));
  const errors: FieldError[] = apiGroup === group ? [] : [notSupported('roleRef.apiGroup', apiGroup, [group])];
  if (!roleKinds.includes(kind ?? '')) errors.push(notSupported('roleRef.kind', kind, roleKinds));
  if (name === '') errors.push(required('roleRef.name'));
  objectsAt(binding, 'subjects').forEach((subject, index) =>
    errors.push(...validateSubject(subject, `subjects[${index}]`, isNamespaced)),
  );
  const isOther = ['apiGroup', 'kind', 'name'].some(
    (field) => old !== undefined && valueAt(old, 'roleRef', field) !== valueAt(binding, 'roleRef', field),
  );
  return isOther ? [...errors, invalid('roleRef', binding['roleRef'], 'cannot change roleRef')] : errors;
}

export const roleRules: KindRules = { validate: (role) => validateRules(role, true) };
export const clusterRoleRules: KindRules = { validate: validateClusterRole };
export const roleBindingRules: KindRules = {
  complete: completeBinding,
  validate: (binding, old) => validateBinding(binding, old, true),
};
export const clusterRoleBindingRules: KindRules = {
  complete: completeBinding,
  validate: (binding, old) => validateBinding(binding, old, false),
};
