/** The hash that names the ReplicaSets of a Deployment, after their pod template. */
import { isSameJson } from '../../schema/json.ts';
import type { PodTemplate } from '../objects.ts';

export const templateHashLabel = 'pod-template-hash';

/** Without vowels, so that no words come about. */
const safeLetters = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * Equal templates have equal hashes; other than that it need not be what Kubernetes would compute, which hashes Go's print of its structs.
 * FNV-1a over canonical JSON, its decimal digits spelled in safe letters.
 */
export function templateHash(template: PodTemplate): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonicalJson(template))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return Array.from(String(hash), (digit) => safeLetters[digit.charCodeAt(0) % safeLetters.length]).join('');
}

const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (isObject(part) ? withSortedKeys(part) : part));

const withSortedKeys = (object: object): object =>
  Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether both make the same pods; the label with the hash does not count. */
export const sameTemplate = (a: PodTemplate, b: PodTemplate): boolean => isSameJson(withoutHash(a), withoutHash(b));

function withoutHash(template: PodTemplate): PodTemplate {
  const { [templateHashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
