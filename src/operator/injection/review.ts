/** The part of AdmissionReview v1 that injection uses. */
import type { JsonPatchOperation } from '../../core/inject/pod.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { isRecord } from '../../platform/record.ts';
import { RequestError } from '../https/server.ts';

/**
 * Returns the pod with the namespace of the request, which the object itself may lack; without a pod if the object is not a pod.
 * Throws RequestError if the body is not an AdmissionReview.
 */
export function parseReview(body: unknown): { uid: string; pod?: KubeObject } {
  const request = isRecord(body) ? body['request'] : undefined;
  if (!isRecord(request) || typeof request['uid'] !== 'string') {
    throw new RequestError(400, 'the body is not an AdmissionReview with a request');
  }
  const { uid, object, namespace, kind } = request;
  const isPod = isRecord(kind) && kind['group'] === '' && kind['kind'] === 'Pod';
  if (!isPod || !isRecord(object) || typeof namespace !== 'string') return { uid };
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {};
  return { uid, pod: { ...object, apiVersion: 'v1', kind: 'Pod', metadata: { name: '', ...metadata, namespace } } };
}

/** Always allowed: no failure of injection may prevent a pod from starting. */
export function renderReview(uid: string, answer: { patch?: JsonPatchOperation[]; warnings?: string[] }): object {
  const { patch = [], warnings = [] } = answer;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      ...(patch.length > 0 && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      // The API server truncates warnings at 256 characters.
      ...(warnings.length > 0 && { warnings: warnings.map((warning) => warning.slice(0, 256)) }),
    },
  };
}
