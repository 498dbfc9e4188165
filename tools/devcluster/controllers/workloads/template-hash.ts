/** The hash of a pod template, which names the ReplicaSets of a Deployment. */
import { createHash } from 'node:crypto';
import { isSameJson } from '../../schema/json.ts';
import type { PodTemplate } from '../objects.ts';

export const templateHashLabel = 'pod-template-hash';

/** Without vowels, so that the letters form no words. */
const safeLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** Only its uniqueness counts: ReplicaSets are found by their template, not by the hash. Kubernetes hashes Go's print of its structs. */
export const templateHash = (template: PodTemplate): string =>
  Array.from(
    createHash('sha256').update(JSON.stringify(template)).digest().subarray(0, 10),
    (byte) => safeLetters[byte % safeLetters.length],
  ).join('');

/** Whether both create the same pods; the label with the hash does not count. */
export const sameTemplate = (a: PodTemplate, b: PodTemplate): boolean => isSameJson(withoutHash(a), withoutHash(b));

function withoutHash(template: PodTemplate): PodTemplate {
  const { [templateHashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
