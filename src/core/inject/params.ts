/** What a pod is injected with. */
import type { SourceType } from '../../wire/messages.ts';

export type InjectParams = {
  /** Name of the StickyWorkload. */
  workload: string;
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** PEM of the authority that signs the operator's certificates. */
  caPem: string;
  /** Resolves to every replica of the operator. */
  discoveryHost: string;
  /** The name in the operator's certificate, whatever address was dialled. */
  serverName: string;
  drainTimeoutMs: number;
  quietPeriodMs: number;
  shutdownMarginMs: number;
  sessionSources: readonly SourceType[];
  sessionThreshold: number;
  /** For the source Connections. `ports` absent: that of the Service. */
  connections: { ports?: number[]; excludeCIDRs: string[] };
  /** Where the Service leads to; absent: the only port of the containers. */
  servicePort?: number | string;
  /** For the source Application. */
  application?: { path: string; port: number | string };
};
