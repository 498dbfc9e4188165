/** A real cluster: all ports over one HTTP transport. */
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/log.ts';
import type { EventSink, ObjectReader, ObjectWriter, TokenReviewer } from '../ports.ts';
import type { Random } from '../../platform/backoff.ts';
import { createEventSink } from './events.ts';
import { createReader, createWriter } from './objects.ts';
import { createTokenReviewer } from './token-review.ts';
import { createTransport } from './transport.ts';
import { watchObjects } from './watch.ts';

export type LiveClusterOptions = {
  fieldManager: string;
  /** Tokens issued for another audience are rejected. */
  tokenAudience: string;
  /** The source of events: `holdfast.dev/operator` and the name of its pod. */
  reportingController: string;
  reportingInstance: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** For each call except lists (30 s) and open watches (no limit). */
  timeoutMs?: number;
  /** The server closes a watch after once to twice this time. */
  watchSeconds?: number;
};

export interface LiveCluster extends ObjectReader, ObjectWriter, TokenReviewer, EventSink {
  /** Writes pending events and closes all connections. Stop reflectors and leases first. */
  close(): Promise<void>;
}

const defaultTimeoutMs = 10_000;
const defaultWatchSeconds = 300;

export function createLiveCluster(kubeConfig: KubeConfig, options: LiveClusterOptions): LiveCluster {
  const { clock, random } = options;
  const transport = createTransport(kubeConfig, { clock, timeoutMs: options.timeoutMs ?? defaultTimeoutMs });
  const reader = createReader(transport);
  const writer = createWriter(transport, reader, options.fieldManager);
  const reviewer = createTokenReviewer(transport, options.tokenAudience);
  const sink = createEventSink({ ...options, writer });
  const watchSeconds = options.watchSeconds ?? defaultWatchSeconds;

  return {
    ...reader,
    ...writer,
    ...reviewer,
    watch: (resource, resourceVersion, select) =>
      // With jitter, so that watches which started together do not reconnect together.
      watchObjects(transport, {
        ...select,
        resource,
        resourceVersion,
        serverTimeoutSeconds: Math.floor(watchSeconds * (1 + random())),
      }),
    emit: (event) => {
      sink.emit(event);
    },
    async close() {
      await sink.flush();
      transport.close();
    },
  };
}
