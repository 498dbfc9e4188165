/** Mutating webhooks: which of them match a write, and how they change its object. */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { applyJsonPatch } from '../../patch/json-patch.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { matchesLabels, readLabelSelector } from '../../store/label-selector.ts';
import type { Cluster, WriteRequest } from '../cluster.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { decodeObject } from './decode.ts';
import { complete } from './prepare.ts';
import { callWebhook } from './webhook-call.ts';

export type Admission = {
  kind: Kind;
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  object: KubeObject;
  old: KubeObject | undefined;
};

const configurationsShelf = 'admissionregistration.k8s.io/mutatingwebhookconfigurations';
/** Without this exemption a failing webhook would block its own repair. */
const exemptKinds = new Set(['MutatingWebhookConfiguration', 'TokenReview', 'SubjectAccessReview']);

/** Returns the object after all matching webhooks, which are called one after the other in order of their names. */
export async function admit(cluster: Cluster, admission: Admission, request: WriteRequest): Promise<KubeObject> {
  const webhooks = exemptKinds.has(admission.kind.entry.kind)
    ? []
    : cluster.store.list(configurationsShelf).flatMap((one) => objectsAt(one, 'webhooks'));
  let { object } = admission;
  for (const webhook of webhooks) {
    const current = { ...admission, object };
    if (isConcerned(cluster, webhook, current)) {
      object = await askWebhook(cluster, { webhook, admission: current }, request);
    }
  }
  return object;
}

function isConcerned({ store }: Cluster, webhook: JsonObject, { kind, operation, object, old }: Admission): boolean {
  const { namespace, name } = object.metadata;
  if (!objectsAt(webhook, 'rules').some((rule) => matchesRule(rule, kind, operation))) return false;
  const home = kind.entry.kind === 'Namespace' ? name : namespace;
  const homeLabels = home === undefined ? undefined : (store.get('/namespaces', { name: home })?.metadata.labels ?? {});
  if (homeLabels !== undefined && !matchesLabels(readLabelSelector(webhook['namespaceSelector']) ?? [], homeLabels)) {
    return false;
  }
  const selector = readLabelSelector(webhook['objectSelector']) ?? [];
  return [object, old].some((one) => one !== undefined && matchesLabels(selector, one.metadata.labels));
}

function matchesRule(rule: JsonObject, { entry }: Kind, operation: string): boolean {
  const has = (field: string, value: string): boolean =>
    textsAt(rule, field).some((one) => one === '*' || one === value);
  const scope = textAt(rule, 'scope') || '*';
  const isInScope = scope === '*' || (scope === 'Namespaced') === entry.namespaced;
  const isOfResource =
    has('resources', entry.plural) || has('resources', '*/*') || has('resources', `${entry.plural}/*`);
  return (
    has('operations', operation) &&
    has('apiGroups', entry.group) &&
    has('apiVersions', entry.version) &&
    isInScope &&
    isOfResource
  );
}

const optionsOf = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

function buildReview(
  { kind, operation, object, old }: Admission,
  { user, dryRun }: WriteRequest,
): { uid: string; review: JsonObject } {
  const { group, version, kind: name, plural } = kind.entry;
  const uid = randomUUID();
  const request = {
    uid,
    kind: { group, version, kind: name },
    resource: { group, version, resource: plural },
    requestKind: { group, version, kind: name },
    requestResource: { group, version, resource: plural },
    name: object.metadata.name,
    ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }),
    operation,
    userInfo: user,
    object: operation === 'DELETE' ? null : object,
    oldObject: old ?? null,
    dryRun,
    options: { kind: optionsOf[operation], apiVersion: 'meta.k8s.io/v1' },
  };
  return { uid, review: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request } };
}

type Question = { webhook: JsonObject; admission: Admission };

async function askWebhook(
  cluster: Cluster,
  { webhook, admission }: Question,
  request: WriteRequest,
): Promise<KubeObject> {
  const name = textAt(webhook, 'name');
  const { uid, review } = buildReview(admission, request);
  let response: JsonObject;
  let patch: unknown;
  try {
    const timeoutMs = (numberAt(webhook, 'timeoutSeconds') ?? 10) * 1000;
    response = readResponse(
      await callWebhook(cluster, { clientConfig: objectAt(webhook, 'clientConfig'), body: review, timeoutMs }),
      uid,
    );
    patch = readPatch(response);
  } catch (error) {
    if (webhook['failurePolicy'] === 'Ignore') return admission.object;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StatusError('InternalError', `Internal error occurred: failed calling webhook "${name}": ${reason}`);
  }
  for (const warning of textsAt(response, 'warnings')) request.warn(warning);
  if (response['allowed'] !== true) throw denied(name, response);
  if (patch === undefined || admission.operation === 'DELETE') return admission.object;
  const { kind, object, old } = admission;
  const decoded = decodeObject(kind, applyJsonPatch(object, patch), { ...request, fieldValidation: 'Ignore' });
  return complete(kind, decoded, old);
}

function readResponse(body: unknown, uid: string): JsonObject {
  const response = valueAt(body, 'response');
  if (!isJsonObject(response)) throw new Error('failed to call webhook: webhook response was absent');
  if (response['uid'] !== uid) {
    throw new Error(`failed to call webhook: expected response.uid="${uid}", got "${textAt(response, 'uid')}"`);
  }
  return response;
}

function readPatch(response: JsonObject): unknown {
  const encoded = textAt(response, 'patch');
  if (encoded === '') return undefined;
  if (response['patchType'] !== 'JSONPatch') {
    throw new Error('failed to call webhook: webhook returned response.patch but not response.patchType');
  }
  return JSON.parse(Buffer.from(encoded, 'base64').toString());
}

function denied(name: string, response: JsonObject): StatusError {
  const reason = textAt(response, 'status', 'message') || textAt(response, 'status', 'reason');
  const message =
    reason === ''
      ? `admission webhook "${name}" denied the request without explanation`
      : `admission webhook "${name}" denied the request: ${reason}`;
  return new StatusError(numberAt(response, 'status', 'code') === 403 ? 'Forbidden' : 'BadRequest', message);
}
