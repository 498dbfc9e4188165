/** What the status of a StickyWorkload is judged from. */
import type { Reason } from '../../api/reasons.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { Accept } from '../resolve/accept.ts';
import type { ClusterAutoscaler, ClusterNode, GatewayApi, Pod, Target } from '../snapshot/snapshot.ts';
import type { Backend } from '../../wire/routing-table.ts';

/** How it went to bring the owned objects in place; a `Conflict` of core/render is one. */
export type ApplyOutcome =
  | { kind: 'applied' }
  | { kind: 'conflict'; reason: Reason; message: string }
  | { kind: 'failed'; message: string };

export type StatusInput = {
  /** With the status of the last time, from which dates are kept. */
  workload: StickyWorkload;
  accept: Accept;
  apply: ApplyOutcome;
  /** Of its Gateway's table; absent where it is not served. */
  backend?: Backend;
  /** Of the target. */
  pods: readonly Pod[];
  /** By pod UID, over all proxies; a pod that is not there has an unknown number of sessions, which is not zero. */
  sessions: ReadonlyMap<string, number>;
  proxyReadyReplicas: number;
  gatewayApi: GatewayApi;
  /** What bounds how long its pods can be held, and what waits for them. */
  cluster: { nodes: Readonly<Record<string, ClusterNode>>; autoscaler?: ClusterAutoscaler; target?: Target };
  nowMs: number;
};
