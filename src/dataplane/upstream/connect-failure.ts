import type { ConnectFailure } from '../routing.ts';
import { isTlsFailure, type TlsFailure } from './tls.ts';

/**
 * The errors of a connection attempt for which this process or its node is too small: no file descriptor (of the process, of the node), no
 * local port, no buffer, no memory. The endpoint was not even asked.
 */
const localErrors = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'] as const;

export type LocalError = (typeof localErrors)[number];

const isLocalError = (reason: string): reason is LocalError => localErrors.some((code) => code === reason);

/** `reason`: the error code of a connection that was never open. */
export function classifyConnectFailure(reason: string): Exclude<ConnectFailure, 'Silent' | 'LimitReached'> {
  if (isLocalError(reason)) return 'LocalError';
  if (isTlsFailure(reason)) return 'NotSecured';
  return reason === 'ECONNREFUSED' || reason === 'ECONNRESET' ? 'Refused' : 'NoResponse';
}

type FailureCounters = {
  upstreamConnectFailures: number;
  upstreamLocalErrors: Record<LocalError, number>;
  upstreamTlsFailures: Record<TlsFailure, number>;
};

export function countConnectFailure(counters: FailureCounters, reason: string): void {
  if (isLocalError(reason)) counters.upstreamLocalErrors[reason] += 1;
  else counters.upstreamConnectFailures += 1;
  if (isTlsFailure(reason)) counters.upstreamTlsFailures[reason] += 1;
}
