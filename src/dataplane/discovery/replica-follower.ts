/** Follows the table stream of one replica of the operator, and reconnects with backoff after the stream has failed. */
import type { ProxyClient } from '../../wire/client/proxy-client.ts';
import type { TableMessage } from '../../wire/messages.ts';
import { parseTableMessage } from '../../wire/proxy-messages.ts';
import { backoffMs, type BackoffRange, type Random } from '../../platform/backoff.ts';
import { sleep, type Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

export type FollowerPorts = {
  client: Pick<ProxyClient, 'tableLines'>;
  clock: Clock;
  random: Random;
  log: Logger;
  backoff: BackoffRange;
};

export interface FollowerEvents {
  onMessage(message: TableMessage): void;
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

/** Resolves with whether any valid message was received. */
async function readStream(
  address: string,
  { ports, events, signal }: Parameters<typeof followReplica>[1],
): Promise<boolean> {
  const { client, log } = ports;
  let received = false;
  try {
    for await (const line of client.tableLines(address, signal)) {
      const message = parseOrLog(line, { address, log });
      if (message === undefined) continue;
      received = true;
      events.onMessage(message);
    }
    log.info({ address }, 'table stream ended');
  } catch (error) {
    if (!signal.aborted) log.warn({ address, error: describeError(error) }, 'table stream failed');
  }
  return received;
}

/** An invalid message changes nothing: the previous table stays in use. */
function parseOrLog(line: string, { address, log }: { address: string; log: Logger }): TableMessage | undefined {
  const checked = parseTableMessage(line);
  if ('value' in checked) return checked.value;
  log.error({ address, error: checked.problem }, 'invalid table message');
  return undefined;
}
