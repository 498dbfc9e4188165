/**
 * Sends the summary of the drain to the operator. The app does not wait for it: it is retried while the app shuts down, until a replica has
 * accepted it, and for one more second when the sidecar itself must stop.
 */
import type { DrainSummary } from '../src/wire/messages.ts';
import { describeError } from '../src/platform/errors.ts';
import type { Log } from './log.ts';
import type { SidecarClient } from '../src/wire/client/sidecar-client.ts';

export interface Report {
  send(summary: DrainSummary): void;
  /** Resolves when the report has been accepted, or a second later; at once if there is none. */
  finish(): Promise<void>;
}

const lastTriesMs = 1000;
const pauseMs = 250;

export function createReport(operator: SidecarClient, log: Log): Report {
  const givenUp = new AbortController();
  let sending = Promise.resolve();

  async function deliver(summary: DrainSummary): Promise<void> {
    for (let failures = 0; !givenUp.signal.aborted; failures += 1) {
      try {
        await operator.reportDrained(summary, givenUp.signal);
        break;
      } catch (error) {
        // Logged once: four failures a second would hide the rest of the log.
        if (failures === 0) log('ReportFailed', { error: describeError(error) });
      }
      await pause();
    }
    operator.close();
  }

  return {
    send(summary) {
      sending = deliver(summary);
    },
    async finish() {
      const timer = setTimeout(() => {
        givenUp.abort();
      }, lastTriesMs);
      await sending;
      clearTimeout(timer);
    },
  };
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, pauseMs);
  });
