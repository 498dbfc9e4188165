/** MutatingWebhookConfigurations. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { duplicate, type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { validateSelector } from './selector-rules.ts';

function validateWebhooks(configuration: KubeObject): FieldError[] {
  const webhooks = objectsAt(configuration, 'webhooks');
  const names = webhooks.map((webhook) => textAt(webhook, 'name'));
  return webhooks.flatMap((webhook, index) => {
    const at = `webhooks[${index}]`;
    const name = textAt(webhook, 'name');
    const rules = objectsAt(webhook, 'rules').flatMap((rule, position) =>
      validateRule(rule, `${at}.rules[${position}]`),
    );
    const again = names.indexOf(name) < index ? [duplicate(`${at}.name`, name)] : [];
    return [
      ...validateAnswers(webhook, at),
      ...rules,
      ...validateAddress(webhook, `${at}.clientConfig`),
      ...validateSelectors(webhook, at),
      ...again,
    ];
  });
}

const validateSelectors = (webhook: JsonObject, at: string): FieldError[] =>
  ['namespaceSelector', 'objectSelector'].flatMap((field) => validateSelector(webhook[field], `${at}.${field}`));

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

function validateRule(rule: JsonObject, at: string): FieldError[] {
  const missing = ['operations', 'apiGroups', 'apiVersions', 'resources'].filter(
    (field) => textsAt(rule, field).length === 0,
  );
  const unknown = textsAt(rule, 'operations').flatMap((operation, index) =>
    operations.includes(operation) ? [] : [notSupported(`${at}.operations[${index}]`, operation, operations)],
  );
  return [...missing.map((field) => required(`${at}.${field}`)), ...unknown];
}

const sideEffects = ['None', 'NoneOnDryRun'];
const reviewVersions = ['v1', 'v1beta1'];
const choices = {
  failurePolicy: ['Fail', 'Ignore'],
  matchPolicy: ['Equivalent', 'Exact'],
  reinvocationPolicy: ['IfNeeded', 'Never'],
};

function validateAnswers(webhook: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(webhook, 'name');
  if (name.split('.').length < 3) {
    errors.push(invalid(`${at}.name`, name, 'should be a domain with at least three segments separated by dots'));
  }
  const versions = textsAt(webhook, 'admissionReviewVersions');
  if (versions.length === 0) errors.push(required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  else if (!versions.some((version) => reviewVersions.includes(version))) {
    errors.push(invalid(`${at}.admissionReviewVersions`, versions, 'must include at least one of v1, v1beta1'));
  }
  const effects = textAt(webhook, 'sideEffects');
  if (effects === '') errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else if (!sideEffects.includes(effects)) errors.push(notSupported(`${at}.sideEffects`, effects, sideEffects));
  for (const [field, supported] of Object.entries(choices)) {
    const choice = textAt(webhook, field);
    if (!supported.includes(choice)) errors.push(notSupported(`${at}.${field}`, choice, supported));
  }
  const seconds = numberAt(webhook, 'timeoutSeconds') ?? 10;
  if (seconds < 1 || seconds > 30) {
    errors.push(invalid(`${at}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds'));
  }
  return errors;
}

function validateAddress(webhook: JsonObject, at: string): FieldError[] {
  const url = valueAt(webhook, 'clientConfig', 'url');
  const service = valueAt(webhook, 'clientConfig', 'service');
  if ((url === undefined) === (service === undefined)) {
    return [required(at, 'exactly one of url or service is required')];
  }
  const missing = ['name', 'namespace'].filter((field) => service !== undefined && textAt(service, field) === '');
  if (missing.length > 0) return missing.map((field) => required(`${at}.service.${field}`));
  if (typeof url !== 'string' || url.startsWith('https://')) return [];
  const [scheme = ''] = url.split(':');
  return [invalid(`${at}.url`, scheme, "'https' is the only allowed URL scheme; desired format: https://host[/path]")];
}

export const webhookRules: KindRules = { validate: validateWebhooks };
