/** Follows the stream of resources of one replica of the operator, and reconnects with backoff after the stream has failed. */
import type { ProxyClient } from '../../wire/client/proxy-client.ts';
import type { Hello } from '../../wire/messages.ts';
import { parseStreamMessage, type ReceivedMessage } from '../../wire/stream-messages.ts';
import { backoffMs, type BackoffRange, type Random } from '../../platform/backoff.ts';
import { sleep, type Clock } from '../../platform/clock.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

export type FollowerPorts = {
  client: Pick<ProxyClient, 'resourceLines'>;
  clock: Clock;
  random: Random;
  log: Logger;
  backoff: BackoffRange;
};

export interface FollowerEvents {
  /** A stream is about to be opened. Returns what the proxy has already. */
  onOpen(): Hello;
  /** Throws if the stream must be opened again. */
  onMessage(message: ReceivedMessage): void;
  /** The stream failed, ended, or could not be opened. */
  onDown(): void;
  /** Called before each further attempt: an address that is no longer listed is dropped. */
  isStillListed(): boolean;
}

/** Resolves when the signal aborts or the address is dropped; never rejects. */
export async function followReplica(
  address: string,
  { ports, events, signal }: { ports: FollowerPorts; events: FollowerEvents; signal: AbortSignal },
): Promise<void> {
  const { clock, random, backoff } = ports;
  let failures = 0;
  while (!signal.aborted) {
    const received = await readStream(address, { ports, events, signal });
    events.onDown();
    if (signal.aborted || !events.isStillListed()) return;
    // A stream that delivered something proves that the replica is healthy: the next attempt starts at the base delay.
    failures = received ? 0 : failures + 1;
    await sleep(clock, backoffMs(backoff, failures + 1, random), signal);
  }
}

/** Resolves with whether the stream was of use: it delivered something, and was not ended by an invalid message. */
async function readStream(
  address: string,
  { ports, events, signal }: Parameters<typeof followReplica>[1],
): Promise<boolean> {
  const { client, log } = ports;
  let received = false;
  try {
    for await (const line of client.resourceLines(address, events.onOpen(), signal)) {
      const message = parse(line);
      if (message === undefined) continue;
      if (message.type === 'delta' && message.refused.length > 0) {
        log.error({ address, refused: message.refused }, 'invalid resources');
      }
      events.onMessage(message);
      received = true;
    }
    log.info({ address }, 'stream of resources ended');
  } catch (error) {
    if (!signal.aborted) log.warn({ address, error: describeError(error) }, 'stream of resources failed');
    return received && !isOfMessage(error);
  }
  return received;
}

/**
 * Throws TABLE_INVALID. An invalid message cannot be left out: it may be a delta, on which later ones build. The previous table stays in use,
 * and the next stream begins with what this proxy has.
 */
function parse(line: string): ReceivedMessage | undefined {
  const checked = parseStreamMessage(line);
  if ('value' in checked) return checked.value;
  throw new AppError('TABLE_INVALID', checked.problem, { source: 'upstream', retryable: true });
}

const isOfMessage = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'TABLE_INVALID' || error.code === 'RESOURCES_OUT_OF_STEP');
