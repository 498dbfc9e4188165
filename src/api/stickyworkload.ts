/** The StickyWorkload as read from the API server, with all defaults set. */
import type { StickyWorkloadSpec } from './spec.ts';
import type { StickyWorkloadStatus } from './status.ts';

export const group = 'holdfast.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;
export const kind = 'StickyWorkload';
export const plural = 'stickyworkloads';

export type StickyWorkload = {
  apiVersion: typeof apiVersion;
  kind: typeof kind;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    generation: number;
    creationTimestamp: string;
    resourceVersion?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
  spec: StickyWorkloadSpec;
  status?: StickyWorkloadStatus;
};
