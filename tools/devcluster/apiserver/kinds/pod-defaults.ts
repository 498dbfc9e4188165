/** The defaults of Pods that a schema cannot express, and the fields that admission adds. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { isSameJson, type JsonObject } from '../../schema/json.ts';
import { objectAt, objectsAt, textAt, withValue } from '../fields.ts';

/** An image with the tag `latest` is always pulled. */
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** The defaults of a pod's spec, in a Pod and in a template. */
export function completePodSpec(spec: JsonObject): JsonObject {
  const withPullPolicy = (container: JsonObject): JsonObject => {
    const imagePullPolicy = container['imagePullPolicy'] ?? pullPolicyOf(textAt(container, 'image'));
    return { ...container, imagePullPolicy };
  };
  return { ...spec, ...eachContainer(spec, withPullPolicy) };
}

/** Returns the lists of containers that are present, with each container changed. */
function eachContainer(spec: JsonObject, change: (container: JsonObject) => JsonObject): JsonObject {
  const fields = ['containers', 'initContainers'].filter((field) => spec[field] !== undefined);
  return Object.fromEntries(fields.map((field) => [field, objectsAt(spec, field).map(change)]));
}

/** Requests default to the limits. */
function withRequests(container: JsonObject): JsonObject {
  const limits = objectAt(container, 'resources', 'limits');
  if (Object.keys(limits).length === 0) return container;
  return withValue(container, ['resources', 'requests'], {
    ...limits,
    ...objectAt(container, 'resources', 'requests'),
  });
}

/** The defaults of the admission plugins of a real server. */
const admitted: JsonObject = {
  serviceAccountName: 'default',
  serviceAccount: 'default',
  enableServiceLinks: true,
  priority: 0,
  preemptionPolicy: 'PreemptLowerPriority',
  tolerations: ['not-ready', 'unreachable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  })),
};

/** Volume name of the token that every pod gets. */
const tokenVolume = 'kube-api-access';
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Adds a token for the API, as the ServiceAccount admission plugin does, unless the pod opts out or mounts its own at this path. */
function withToken(spec: JsonObject): JsonObject {
  if (spec['automountServiceAccountToken'] === false) return spec;
  const lacks = (container: JsonObject): boolean =>
    objectsAt(container, 'volumeMounts').every((mount) => mount['mountPath'] !== tokenPath);
  const containers = objectsAt(spec, 'containers');
  const initContainers = objectsAt(spec, 'initContainers');
  if (![...containers, ...initContainers].some(lacks)) return spec;
  const mounted = (container: JsonObject): JsonObject =>
    lacks(container)
      ? {
          ...container,
          volumeMounts: [
            ...objectsAt(container, 'volumeMounts'),
            { name: tokenVolume, readOnly: true, mountPath: tokenPath },
          ],
        }
      : container;
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ];
  const volumes = objectsAt(spec, 'volumes');
  // The volume exists if a webhook added a container after it: admission handles such a pod again.
  const hasVolume = volumes.some((volume) => textAt(volume, 'name') === tokenVolume);
  return {
    ...spec,
    volumes: hasVolume ? volumes : [...volumes, { name: tokenVolume, projected: { defaultMode: 0o644, sources } }],
    containers: containers.map(mounted),
    ...(initContainers.length > 0 && { initContainers: initContainers.map(mounted) }),
  };
}

function qualityOfService(spec: JsonObject): string {
  const all = [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')];
  const amounts = all.map((container) => ({
    ...objectAt(container, 'resources', 'limits'),
    ...objectAt(container, 'resources', 'requests'),
  }));
  if (amounts.every((one) => Object.keys(one).length === 0)) return 'BestEffort';
  const isGuaranteed = all.every((container) => {
    const limits = objectAt(container, 'resources', 'limits');
    const requests = { ...limits, ...objectAt(container, 'resources', 'requests') };
    return limits['cpu'] !== undefined && limits['memory'] !== undefined && isSameJson(requests, limits);
  });
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

/** Completes a Pod that is created or changed. */
export function completePod(pod: KubeObject, old?: KubeObject): KubeObject {
  const spec = completePodSpec(objectAt(pod, 'spec'));
  if (old !== undefined) return { ...pod, spec };
  const account = spec['serviceAccountName'] ?? spec['serviceAccount'];
  const named = account === undefined ? {} : { serviceAccountName: account, serviceAccount: account };
  const requested: JsonObject = { ...spec, ...eachContainer(spec, withRequests) };
  return {
    ...pod,
    spec: withToken({ ...admitted, ...requested, ...named }),
    status: { phase: 'Pending', qosClass: qualityOfService(spec) },
  };
}
