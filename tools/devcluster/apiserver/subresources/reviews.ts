/** Requests with a response that is never stored: tokens, token reviews, and access reviews, which allow everything. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { type Cluster, getObject, isoSeconds } from '../cluster.ts';
import type { User } from '../tokens.ts';
import { numberAt, objectAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { apiAudience, type TokenSubject } from '../tokens.ts';

/** Returns the response to a review; access reviews allow everything. */
export function createReview(cluster: Cluster, kind: Kind, body: JsonObject, user: User): object {
  const { group, kind: name, version } = kind.entry;
  const review = { kind: name, apiVersion: `${group}/${version}`, metadata: objectAt(body, 'metadata') };
  if (name === 'TokenReview') return { ...review, spec: body['spec'], status: reviewToken(cluster, body) };
  if (name === 'SelfSubjectReview') {
    return {
      ...review,
      metadata: { creationTimestamp: isoSeconds(cluster.clock.nowMs()) },
      status: { userInfo: user },
    };
  }
  return { ...review, spec: body['spec'], status: { allowed: true } };
}

function reviewToken({ tokens }: Cluster, review: JsonObject): JsonObject {
  const asked = textsAt(review, 'spec', 'audiences');
  const verdict = tokens.verify(textAt(review, 'spec', 'token'), asked.length > 0 ? asked : [apiAudience]);
  return verdict.ok
    ? { authenticated: true, user: verdict.user, audiences: verdict.audiences }
    : { user: {}, error: verdict.error };
}

const shortestSeconds = 600;
const longestSeconds = 2 ** 32;

/** serviceaccounts/token. */
export function createToken(cluster: Cluster, { kind, ref }: { kind: Kind; ref: ObjectRef }, body: unknown): object {
  const account = getObject(cluster, kind, ref);
  const lifetimeSeconds = numberAt(body, 'spec', 'expirationSeconds') ?? 3600;
  const wrong = (detail: string) =>
    invalidObject('TokenRequest.authentication.k8s.io', '', [
      invalid('spec.expirationSeconds', lifetimeSeconds, detail),
    ]);
  if (lifetimeSeconds < shortestSeconds) throw wrong('may not specify a duration less than 10 minutes');
  if (lifetimeSeconds > longestSeconds) throw wrong('may not specify a duration larger than 2^32 seconds');
  const asked = textsAt(body, 'spec', 'audiences');
  const audiences = asked.length > 0 ? asked : [apiAudience];
  const subject = { ...subjectOf(account), ...boundPod(cluster, account, body) };
  const { token, expiresAtMs } = cluster.tokens.issue({ subject, audiences, lifetimeSeconds });
  const { name, namespace, uid } = account.metadata;
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, uid, creationTimestamp: isoSeconds(cluster.clock.nowMs()) },
    spec: {
      audiences,
      expirationSeconds: lifetimeSeconds,
      boundObjectRef: valueAt(body, 'spec', 'boundObjectRef') ?? null,
    },
    status: { token, expirationTimestamp: isoSeconds(expiresAtMs) },
  };
}

const subjectOf = ({ metadata }: KubeObject): TokenSubject => ({
  namespace: metadata.namespace ?? '',
  serviceAccount: { name: metadata.name, uid: metadata.uid ?? '' },
});

function boundPod({ store }: Cluster, { metadata }: KubeObject, body: unknown): Partial<TokenSubject> {
  const bound = valueAt(body, 'spec', 'boundObjectRef');
  if (textAt(bound, 'kind') !== 'Pod') return {};
  const name = textAt(bound, 'name');
  const pod = store.get('/pods', { namespace: metadata.namespace ?? '', name });
  if (pod === undefined) throw new StatusError('NotFound', `pods "${name}" not found`, { name, kind: 'pods' });
  const account = metadata.name;
  if (textAt(pod, 'spec', 'serviceAccountName') !== account) {
    throw new StatusError(
      'BadRequest',
      `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
    );
  }
  const uid = textAt(bound, 'uid');
  if (uid !== '' && uid !== pod.metadata.uid) {
    const reason = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw new StatusError('Conflict', `Operation cannot be fulfilled on pods "${name}": ${reason}`, {
      name,
      kind: 'pods',
    });
  }
  const nodeName = textAt(pod, 'spec', 'nodeName');
  return { pod: { name, uid: pod.metadata.uid ?? '' }, ...(nodeName !== '' && { nodeName }) };
}
