/** A real cluster: the ports over one HTTP transport. */
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
  /** Tokens made for another audience are refused. */
  tokenAudience: string;
  /** Who emits the events: `holdfast.dev/operator` and the name of its pod. */
  reportingController: string;
  reportingInstance: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** For each call but lists (30 s) and watches (without end once they are open). */
  timeoutMs?: number;
  /** The server ends a watch after this to twice this. */
  watchSeconds?: number;
};

export interface LiveCluster extends ObjectReader, ObjectWriter, TokenReviewer, EventSink {
  /** Writes the events that are left and closes all connections. End reflectors and leases before. */
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
      // Spread, so that the watches which began together do not come back together.
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
