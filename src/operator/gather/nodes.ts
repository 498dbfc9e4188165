/** What limits how long pods can stay on nodes: the nodes' labels and taints, and the Cluster Autoscaler's settings. */
import { autoscalerTaint, nodeLabels } from '../../core/names/names.ts';
import type { ClusterAutoscaler, ClusterNode } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { identityOf } from './pods.ts';

type LiveNode = KubeObject & {
  spec?: { taints?: { key: string }[] | null };
  status?: {
    conditions?: { type: string; status: string }[] | null;
    addresses?: { type: string; address: string }[] | null;
  };
};

export type CachedNode = KubeObject & { node: ClusterNode };

const labelsOfInterest: ReadonlySet<string> = new Set(Object.values(nodeLabels));

/** A kubelet updates its node's status continuously; none of that is kept. */
export function projectNode(object: KubeObject): CachedNode {
  const { metadata, spec, status } = object as LiveNode;
  const labels = Object.entries(metadata.labels ?? {}).filter(([name]) => labelsOfInterest.has(name));
  const taints = (spec?.taints ?? []).map(({ key }) => key).filter((key) => key === autoscalerTaint);
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(object.metadata),
    node: {
      labels: Object.fromEntries(labels),
      taints,
      addresses: addressesOf(status),
      ...(isNotReady(status) && { lost: true }),
    },
  };
}

function addressesOf({ addresses }: LiveNode['status'] = {}): string[] {
  const ofType = (wanted: string) =>
    (addresses ?? []).filter(({ type }) => type === wanted).map(({ address }) => address);
  const external = ofType('ExternalIP');
  return external.length > 0 ? external : ofType('InternalIP');
}

/** False by the kubelet itself, Unknown by kube-controller-manager when the kubelet is silent. */
const isNotReady = ({ conditions }: LiveNode['status'] = {}): boolean =>
  (conditions ?? []).some(({ type, status }) => type === 'Ready' && status !== 'True');

type Container = { name: string; image?: string; command?: string[] | null; args?: string[] | null };

// The autoscaler's default grace for a pod.
const defaultGraceSeconds = 600;
const graceFlag = /^--?max-graceful-termination-sec(?:=(.*))?$/;

/** Returns the Cluster Autoscaler that a Deployment runs, or undefined. */
export function autoscalerOf(deployment: KubeObject): ClusterAutoscaler | undefined {
  const { metadata, spec } = deployment as KubeObject & {
    spec?: { template?: { spec?: { containers?: Container[] | null } } };
  };
  if (metadata.namespace !== 'kube-system') return undefined;
  const container = spec?.template?.spec?.containers?.find(({ image = '' }) =>
    /(^|\/)cluster-autoscaler(-[a-z0-9]+)?([:@]|$)/.test(image),
  );
  if (!container) return undefined;
  const words = [...(container.command ?? []), ...(container.args ?? [])].flatMap((word) => word.split(/\s+/));
  // With this flag the grace depends on the priority of the pod, so there is no single value.
  if (words.some((word) => /^--?drain-priority-config(=|$)/.test(word))) return undefined;
  return { namespace: metadata.namespace, name: metadata.name, graceMs: graceSecondsIn(words) * 1000 };
}

/** Both spellings of Go's flags: `--flag=600` and `--flag 600`. */
function graceSecondsIn(words: readonly string[]): number {
  const at = words.findIndex((word) => graceFlag.test(word));
  const text = graceFlag.exec(words[at] ?? '')?.[1] ?? words[at + 1];
  const seconds = Number(at < 0 ? Number.NaN : text);
  return Number.isFinite(seconds) ? seconds : defaultGraceSeconds;
}
