/** MutatingWebhookConfigurations. */
import type { KubeObject } from '../../../kube/ports.ts';
import { type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';

const validateWebhooks = (configuration: KubeObject): FieldError[] =>
  objectsAt(configuration, 'webhooks').flatMap((webhook, index) => {
    const at = `webhooks[${index}]`;
    return [...validateAnswers(webhook, at), ...validateAddress(webhook, `${at}.clientConfig`)];
  });

const sideEffects = ['None', 'NoneOnDryRun'];
const failurePolicies = ['Fail', 'Ignore'];

function validateAnswers(webhook: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(webhook, 'name');
  if (name.split('.').length < 3) errors.push(invalid(`${at}.name`, name, 'should be a domain with at least three segments separated by dots'));
  if (textsAt(webhook, 'admissionReviewVersions').length === 0) errors.push(required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  const effects = textAt(webhook, 'sideEffects');
  if (effects === '') errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else if (!sideEffects.includes(effects)) errors.push(notSupported(`${at}.sideEffects`, effects, sideEffects));
  const policy = textAt(webhook, 'failurePolicy');
  if (!failurePolicies.includes(policy)) errors.push(notSupported(`${at}.failurePolicy`, policy, failurePolicies));
  const seconds = numberAt(webhook, 'timeoutSeconds') ?? 10;
  if (seconds < 1 || seconds > 30) errors.push(invalid(`${at}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds'));
  return errors;
}

function validateAddress(webhook: JsonObject, at: string): FieldError[] {
  const url = valueAt(webhook, 'clientConfig', 'url');
  const service = valueAt(webhook, 'clientConfig', 'service');
  if ((url === undefined) === (service === undefined)) return [required(at, 'exactly one of url or service is required')];
  if (typeof url !== 'string' || url.startsWith('https://')) return [];
  const [scheme = ''] = url.split(':');
  return [invalid(`${at}.url`, scheme, "'https' is the only allowed URL scheme; desired format: https://host[/path]")];
}

export const webhookRules: KindRules = { validate: validateWebhooks };
