import { matchesLabels, readLabelSelector } from '../store/label-selector.ts';
import type { LabelSelector } from './objects.ts';

/** An empty selector matches everything, an absent one nothing. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Record<string, string> = {}): boolean {
  const requirements = readLabelSelector(selector);
  return requirements !== undefined && matchesLabels(requirements, labels);
}
