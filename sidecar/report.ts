/**
 * Reports to the operator how the drain ended. The app's end does not wait for it: it is tried while the app shuts down, until a replica
 * has taken it, and for a moment more once the sidecar itself has to go.
 */
import type { DrainSummary } from '../src/wire/messages.ts';
import { describeError } from '../src/platform/errors.ts';
import type { Log } from './log.ts';
import type { SidecarClient } from '../src/wire/client/sidecar-client.ts';

export interface Report {
  send(summary: DrainSummary): void;
  /** Resolves when the report has been taken, or a second later. At once where there was none. */
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
        // Once: four failures a second would bury the rest of the log.
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
