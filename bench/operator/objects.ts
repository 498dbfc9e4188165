/** The objects of the cluster: Deployments with pods that look as if they were running, and a StickyWorkload for each. */
import { defaultGateway, proxyVariables } from '../../src/core/names/names.ts';
import type { KubeObject, ObjectMeta } from '../../src/kube/ports.ts';

const podTemplateHash = '5d8c7b9f64';
const port = { name: 'http', containerPort: 8080 };
// No kubelet has this name: a deleted pod stays terminating.
const nodeName = 'bench';

export type Owner = { apiVersion: string; kind: string; name: string; uid: string };

export const ownerOf = ({ apiVersion, kind, metadata }: KubeObject): Owner => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
});

const owned = (meta: ObjectMeta, owner: Owner): ObjectMeta => ({
  ...meta,
  ownerReferences: [{ ...owner, controller: true }],
});

export const namespaceOf = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

export const serviceAccount = (namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { namespace, name: 'default' },
});

const labelsOf = (app: string) => ({ app, 'pod-template-hash': podTemplateHash });

export function deployment(namespace: string, name: string, replicas: number): KubeObject {
  const spec = { replicas, selector: { matchLabels: { app: name } }, template: templateOf({ app: name }) };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace, name, labels: { app: name } }, spec };
}

const templateOf = (labels: Record<string, string>) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'app', image: 'app:1', ports: [port] }] },
});

export function replicaSet(namespace: string, owner: Owner, replicas: number): KubeObject {
  const labels = labelsOf(owner.name);
  const spec = { replicas, selector: { matchLabels: labels }, template: templateOf(labels) };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: owned({ namespace, name: `${owner.name}-${podTemplateHash}`, labels }, owner),
    spec,
  };
}

/** As after injection. */
export function pod(namespace: string, owner: Owner, { app, number }: { app: string; number: number }): KubeObject {
  const meta = {
    namespace,
    name: `${owner.name}-${number}`,
    labels: labelsOf(app),
    annotations: { 'holdfast.dev/workload': app },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: owned(meta, owner),
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 3640,
      initContainers: [{ name: 'holdfast-sidecar', image: 'holdfast:dev', restartPolicy: 'Always' }],
      containers: [
        {
          name: 'app',
          image: 'app:1',
          ports: [port],
          lifecycle: { preStop: { httpGet: { path: '/prestop', port: 15999 } } },
        },
      ],
    },
  };
}

/** As a kubelet reports it. */
export const runningStatus = (podIP: string) => ({
  phase: 'Running',
  podIP,
  podIPs: [{ ip: podIP }],
  conditions: [{ type: 'Ready', status: 'True' }],
});

export type PodAt = { name: string; uid: string; address: string };

export const endpointSlice = (namespace: string, service: string, pods: readonly PodAt[]): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace, name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: port.containerPort, protocol: 'TCP' }],
  endpoints: pods.map(({ name, uid, address }) => ({
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace, name, uid },
  })),
});

export const stickyWorkload = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'StickyWorkload',
  metadata: { namespace, name },
  // With equal hosts and paths, all but one on a Gateway would get no requests.
  spec: { targetRef: { kind: 'Deployment', name }, route: { hostnames: [`${name}.example.com`] } },
});

/** The operator's own pod: proxies run its image. */
export const operatorPod = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name },
  spec: {
    nodeName,
    serviceAccountName: 'holdfast-operator',
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'operator',
        image: 'holdfast:dev',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});

/** A pod of a Gateway's proxy. `account`: its ServiceAccount. */
export const proxyPod = (
  namespace: string,
  { name, account, labels }: { name: string; account: string; labels: Record<string, string> },
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, labels },
  spec: {
    nodeName,
    serviceAccountName: account,
    containers: [
      { name: 'proxy', image: 'holdfast:dev', env: [{ name: proxyVariables.gatewayName, value: defaultGateway }] },
    ],
  },
});
