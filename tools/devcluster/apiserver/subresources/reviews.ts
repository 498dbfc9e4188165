/** Tokens and their reviews, and access reviews, which allow everything. They are not stored. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { type Cluster, conflict, getObject, isoSeconds, notFound } from '../cluster.ts';
import { numberAt, objectAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { apiAudience, type TokenSubject } from '../tokens.ts';

/** Returns the result of a review. */
export function review(cluster: Cluster, { entry }: Kind, body: JsonObject): object {
  const { group, kind, version } = entry;
  const status = kind === 'TokenReview' ? reviewToken(cluster, body) : { allowed: true };
  const metadata = objectAt(body, 'metadata');
  return { kind, apiVersion: `${group}/${version}`, metadata, spec: body['spec'], status };
}

const audiencesOf = (body: unknown): string[] => {
  const audiences = textsAt(body, 'spec', 'audiences');
  return audiences.length > 0 ? audiences : [apiAudience];
};

function reviewToken({ tokens }: Cluster, body: JsonObject): JsonObject {
  const verdict = tokens.verify(textAt(body, 'spec', 'token'), audiencesOf(body));
  return verdict.ok
    ? { authenticated: true, user: verdict.user, audiences: verdict.audiences }
    : { user: {}, error: verdict.error };
}

const shortestSeconds = 600;

/** serviceaccounts/token. */
export function requestToken(cluster: Cluster, { kind, ref }: { kind: Kind; ref: ObjectRef }, body: unknown): object {
  const account = getObject(cluster, kind, ref);
  const lifetimeSeconds = numberAt(body, 'spec', 'expirationSeconds') ?? 3600;
  if (lifetimeSeconds < shortestSeconds) {
    const detail = 'may not specify a duration less than 10 minutes';
    const error = invalid('spec.expirationSeconds', lifetimeSeconds, detail);
    throw invalidObject('TokenRequest.authentication.k8s.io', '', [error]);
  }
  const audiences = audiencesOf(body);
  const subject = { ...subjectOf(account), ...boundPod(cluster, account, body) };
  const { token, expiresAtMs } = cluster.tokens.issue({ subject, audiences, lifetimeSeconds });
  const { name, namespace, uid } = account.metadata;
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, uid, creationTimestamp: isoSeconds(cluster.clock.nowMs()) },
    spec: { audiences, expirationSeconds: lifetimeSeconds },
    status: { token, expirationTimestamp: isoSeconds(expiresAtMs) },
  };
}

const subjectOf = ({ metadata }: KubeObject): TokenSubject => ({
  namespace: metadata.namespace ?? '',
  serviceAccount: { name: metadata.name, uid: metadata.uid ?? '' },
});

function boundPod(cluster: Cluster, { metadata }: KubeObject, body: unknown): Partial<TokenSubject> {
  const bound = valueAt(body, 'spec', 'boundObjectRef');
  if (textAt(bound, 'kind') !== 'Pod') return {};
  const kind = cluster.registry.find({ group: '', version: 'v1', plural: 'pods' });
  if (kind === undefined) throw new Error('pods are a built-in kind');
  const name = textAt(bound, 'name');
  const pod = cluster.store.get(kind.shelf, { namespace: metadata.namespace ?? '', name });
  if (pod === undefined) throw notFound(kind, name);
  if (textAt(pod, 'spec', 'serviceAccountName') !== metadata.name) {
    throw new StatusError(
      'BadRequest',
      `cannot bind token for serviceaccount "${metadata.name}" to pod running with different serviceaccount name.`,
    );
  }
  const uid = textAt(bound, 'uid');
  if (uid !== '' && uid !== pod.metadata.uid) {
    throw conflict(
      kind,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  const nodeName = textAt(pod, 'spec', 'nodeName');
  return { pod: { name, uid: pod.metadata.uid ?? '' }, ...(nodeName !== '' && { nodeName }) };
}
