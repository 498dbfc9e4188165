/**
 * The endpoints of XBackends. Kubernetes makes EndpointSlices for Services only, so those of an XBackend are made here, from its pods: one for
 * each pod, the same object as long as the pod is, by which the translation detects changes.
 */
import { readXBackend, type XBackendIR } from '../route/read-x-backend.ts';
import { isPodTerminal, type Pod, type Slice } from '../snapshot/snapshot.ts';
import type { XBackend } from '../snapshot/x-backend.ts';

/** Returns those of these pods. */
export function sliceXBackends(backends: readonly XBackend[], pods: readonly Pod[]): Slice[] {
  if (backends.length === 0 || pods.length === 0) return [];
  const byNamespace = Map.groupBy(pods, ({ namespace }) => namespace);
  return backends.flatMap((backend) => {
    const read = readXBackend(backend);
    const selected = (byNamespace.get(backend.namespace) ?? []).filter((pod) => isSelected(pod, read));
    return selected.flatMap((pod) => sliceOf(pod, read));
  });
}

/** One that is refused has no requests, and need not have labels. */
const isSelected = (pod: Pod, { selector, problems }: XBackendIR): boolean =>
  problems.length === 0 &&
  !isPodTerminal(pod) &&
  Object.entries(selector).every(([name, value]) => pod.labels[name] === value);

const known = new WeakMap<Pod, Map<string, Slice>>();

/** A pod without an address is not an endpoint yet. */
function sliceOf(pod: Pod, { key, port }: XBackendIR): Slice[] {
  if (pod.ip === undefined) return [];
  const ofPod = known.get(pod) ?? new Map<string, Slice>();
  const id = `${key}:${port}`;
  const slice = ofPod.get(id) ?? makeSlice(pod, pod.ip, { key, port });
  known.set(pod, ofPod.set(id, slice));
  return [slice];
}

/** With the conditions that the EndpointSlice controller would give the pod. */
function makeSlice(pod: Pod, address: string, { key, port }: Pick<XBackendIR, 'key' | 'port'>): Slice {
  const { namespace, name, uid, ready } = pod;
  const terminating = pod.deletion !== undefined;
  return {
    namespace,
    name,
    // Keys of XBackends are among those of Services: with the namespace before.
    service: key.slice(namespace.length + 1),
    family: address.includes(':') ? 'IPv6' : 'IPv4',
    ports: [{ name: '', port }],
    endpoints: [{ podUid: uid, podName: name, address, ready: ready && !terminating, serving: ready, terminating }],
  };
}
