/** The part of AdmissionReview v1 that injection uses. */
import type { JsonPatchOperation, PodJson } from '../../core/inject/pod.ts';
import { labels } from '../../core/names/names.ts';
import type { KubeObject, ObjectMeta } from '../../kube/ports.ts';
import { isRecord, recordOf } from '../../platform/record.ts';
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

/** What finding the pod's StickyWorkload takes. While that takes time, only this is kept: a parsed body is up to 22 times as large as its text. */
export function headOf({ metadata }: KubeObject): ObjectMeta {
  const { name, generateName, namespace, labels: own, ownerReferences } = metadata;
  const references: unknown[] = Array.isArray(ownerReferences) ? ownerReferences : [];
  const owner = references.map(recordOf).find(({ controller }) => controller === true);
  return {
    name: textOf(name),
    generateName: textOf(generateName),
    namespace: textOf(namespace),
    labels: { [labels.inject]: textOf(recordOf(own)[labels.inject]) },
    ...(owner && { ownerReferences: [controllerFrom(owner)] }),
  };
}

const controllerFrom = ({ apiVersion, kind, name, uid }: Record<string, unknown>) => ({
  apiVersion: textOf(apiVersion),
  kind: textOf(kind),
  name: textOf(name),
  uid: textOf(uid),
  controller: true,
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** More than a node can run. Of a pod that a stranger invents, each may take three bytes, and some hundred in the patch. */
const maxContainers = 1000;

/** The API server has validated the pod already, so only the presence of containers, and their number, is checked. */
export function readPod(pod: object | undefined): PodJson {
  if (!isPodJson(pod)) throw new Error('spec.containers of the pod is not a list');
  const { containers, initContainers } = pod.spec;
  if (containers.length + (initContainers?.length ?? 0) > maxContainers) {
    throw new Error(`the pod has more than ${maxContainers} containers`);
  }
  return pod;
}

const isPodJson = (pod: object | undefined): pod is PodJson => {
  const spec = recordOf(recordOf(pod)['spec']);
  return Array.isArray(spec['containers']) && spec['containers'].every(isRecord);
};

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
      // The API server truncates warnings at 256 characters, and all of them at 4096.
      ...(warnings.length > 0 && { warnings: warnings.slice(0, 16).map((warning) => warning.slice(0, 256)) }),
    },
  };
}
