/** What the containers of our pods log until they exit: a JSON object in each line. */
import { kubectl } from '../../support/kubectl.ts';

export type LogEvent = {
  readonly event: string;
  readonly time: string;
  readonly reason?: string;
  readonly tookMs?: number;
  readonly sessionsCut?: number;
  readonly webSockets?: number;
};

// Where a container is removed before the kubelet has looked whether it still runs, the kubelet ends the log with the error of the container
// runtime, because the status of its response is long sent (kubernetes/kubernetes#63334). That line is not the container's.
const lineOfTheKubelet = /^rpc error: code = NotFound desc = .*$/mu;

/** Follows the log of a container; resolves when the container has exited. */
export async function logUntilExit(namespace: string, pod: string, container: string): Promise<LogEvent[]> {
  const log = await kubectl('-n', namespace, 'logs', '-f', pod, '-c', container);
  return log
    .replace(lineOfTheKubelet, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEvent);
}

/** The first line of a log that records this event; throws where there is none. */
export function eventIn(log: readonly LogEvent[], event: string): LogEvent {
  const line = log.find((entry) => entry.event === event);
  if (line === undefined) throw new Error(`no event ${event} in the log: ${JSON.stringify(log)}`);
  return line;
}
