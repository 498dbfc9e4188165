/**
 * The operator's API for a sidecar. Every replica can respond: the one that responded last is tried first, and if it fails the next one is
 * tried at once. Anything but a valid response throws, and counts as unknown in the drain gate.
 */
import { describeError } from '../../platform/errors.ts';
import { parseDrainStatus } from '../sidecar-messages.ts';
import type { DrainStatus, DrainSummary } from '../messages.ts';
import { createReplicaClient, type Call, type ReplicaClient, type ReplicaClientOptions } from './replica-client.ts';

/** For a status of another version than `known`, for so long. */
export type StatusWait = { known: string; forMs: number };

export interface SidecarClient {
  drainStatus(signal: AbortSignal, wait?: StatusWait): Promise<DrainStatus>;
  reportDrained(summary: DrainSummary, signal: AbortSignal): Promise<void>;
  /** Drops idle connections; the client can be used again. */
  close(): void;
}

/** `host`: a name with one address per replica of the operator, or an address. */
export type OperatorAddress = ReplicaClientOptions & { host: string };

/** Resolves with all addresses of a name. */
export type Resolve = (host: string) => Promise<string[]>;

type SidecarCall = Omit<Call, 'timeoutMs' | 'signal'> & { signal: AbortSignal; wait?: StatusWait | undefined };

/** For one attempt with one replica: a healthy replica answers in milliseconds. */
const timeoutMs = 2000;

export function createSidecarClient({ host, ...options }: OperatorAddress, resolve: Resolve): SidecarClient {
  const client = createReplicaClient(options);
  const call = createFailover(client, () => resolve(host));
  return {
    async drainStatus(signal, wait) {
      const status = parseDrainStatus(await call({ method: 'GET', path: '/v1/drain', signal, wait }));
      if ('problem' in status) throw new Error(status.problem);
      return status.value;
    },
    async reportDrained(body, signal) {
      await call({ method: 'POST', path: '/v1/drained', body, signal });
    },
    close() {
      client.close();
    },
  };
}

function createFailover(client: ReplicaClient, resolve: () => Promise<string[]>) {
  /** The replica that responded last, and all addresses of the last successful look-up. */
  let last: string | undefined;
  let replicas: string[] = [];

  /**
   * The name is resolved only after a failure: the search list of a pod turns one look-up into many. While DNS is unavailable, the
   * addresses of the last look-up are used.
   */
  async function* candidates(): AsyncGenerator<string> {
    const first = last;
    if (first !== undefined) yield first;
    replicas = await resolve().catch((error: unknown) => {
      if (replicas.length === 0) throw error;
      return replicas;
    });
    for (const address of replicas) if (address !== first) yield address;
  }

  return async ({ wait, ...call }: SidecarCall): Promise<string> => {
    const failures: string[] = [];
    for await (const address of candidates()) {
      try {
        // Only the first replica waits: if it fails, the others are asked what they know.
        const body = await client.call(address, failures.length === 0 ? waiting(call, wait) : { ...call, timeoutMs });
        last = address;
        return body;
      } catch (error) {
        call.signal.throwIfAborted();
        failures.push(`${address}: ${describeError(error)}`);
      }
    }
    throw new Error(failures.join('; '));
  };
}

function waiting(call: Omit<Call, 'timeoutMs'>, wait: StatusWait | undefined): Call {
  if (wait === undefined) return { ...call, timeoutMs };
  const path = `${call.path}?${new URLSearchParams({ known: wait.known, wait: String(Math.ceil(wait.forMs)) }).toString()}`;
  return { ...call, path, timeoutMs: timeoutMs + wait.forMs };
}
