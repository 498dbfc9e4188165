/** The pod's fields that its containers can read: `fieldRef` of variables and of downward API volumes. */
import type { Pod } from './pod.ts';
import { hostIp } from './status.ts';

/** Returns undefined for an unsupported field. A missing label or annotation is empty. */
export function readField({ metadata, spec }: Pod, podIp: string, fieldPath: string): string | undefined {
  const byKey = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (byKey) return (byKey[1] === 'labels' ? metadata.labels : metadata.annotations)?.[byKey[2] ?? ''] ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': formatMap(metadata.labels),
    'metadata.annotations': formatMap(metadata.annotations),
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.podIP': podIp,
    'status.podIPs': podIp,
    'status.hostIP': hostIp,
    'status.hostIPs': hostIp,
  };
  return fields[fieldPath];
}

const formatMap = (map: Record<string, string> = {}): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .toSorted()
    .join('\n');
