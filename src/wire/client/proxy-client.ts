/** The operator's API for a proxy: each replica is called by its own address, because every replica needs every report. */
import type { Handover, Hello, Report, ReportAnswer } from '../messages.ts';
import { parseReportAnswer } from '../proxy-messages.ts';
import { createReplicaClient, type ReplicaClientOptions } from './replica-client.ts';

export interface ProxyClient {
  /** Returns the lines of a replica's stream of resources, until the replica ends it. */
  resourceLines(address: string, hello: Hello, signal: AbortSignal): AsyncIterable<string>;
  report(address: string, report: Report): Promise<ReportAnswer>;
  /** Also throws if no other proxy is connected to the replica. */
  handOver(address: string, handover: Handover): Promise<void>;
  close(): void;
}

export type ProxyClientOptions = ReplicaClientOptions & {
  /** Heartbeats arrive every 2 s: a stream that is silent for longer than this is dead. */
  silenceLimitMs: number;
};

const timeoutMs = 5000;

export function createProxyClient({ silenceLimitMs, ...options }: ProxyClientOptions): ProxyClient {
  const client = createReplicaClient(options);
  return {
    resourceLines: (address, body, signal) =>
      client.lines(address, { path: '/v1/resources', body, silenceLimitMs, signal }),
    async report(address, body) {
      const answer = parseReportAnswer(
        await client.call(address, { method: 'POST', path: '/v1/report', body, timeoutMs }),
      );
      if ('problem' in answer) throw new Error(answer.problem);
      return answer.value;
    },
    async handOver(address, body) {
      await client.call(address, { method: 'POST', path: '/v1/handover', body, timeoutMs });
    },
    close() {
      client.close();
    },
  };
}
