/** The input for the status of a StickyWorkload. */
import type { Reason } from '../../api/reasons.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { SessionCount } from '../count/session-count.ts';
import type { Accept } from '../resolve/accept.ts';
import type { ClusterAutoscaler, ClusterNode, GatewayApi, Pod, Target } from '../snapshot/snapshot.ts';
import type { Backend } from '../../wire/routing-table.ts';

/** The outcome of applying the owned objects. */
export type ApplyOutcome =
  | { kind: 'applied' }
  | { kind: 'conflict'; reason: Reason; message: string }
  | { kind: 'failed'; message: string };

export type StatusInput = {
  /** With the last status, whose times are kept. */
  workload: StickyWorkload;
  accept: Accept;
  apply: ApplyOutcome;
  /** From its Gateway's table; absent if it is not served. */
  backend?: Backend;
  /** Those of the target. */
  pods: readonly Pod[];
  /** By pod UID, over all proxies; the number of an absent pod is unknown, which is not zero. */
  sessions: ReadonlyMap<string, SessionCount>;
  /** Of its first Gateway. `gateway`: absent if no route leads to its pods. */
  proxy: { gateway?: { namespace: string; name: string }; readyReplicas: number; refusal?: string };
  gatewayApi: GatewayApi;
  /** What limits how long its pods can be held, and what waits for them. */
  cluster: { nodes: Readonly<Record<string, ClusterNode>>; autoscaler?: ClusterAutoscaler; target?: Target };
  nowMs: number;
};
