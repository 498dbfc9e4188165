/**
 * Sessions of a stateful MCP server, by the header in which it hands out their ids. The clients are those of the TypeScript SDK: they know
 * nothing of Holdfast. Each keeps notes, which only the pod of its session has, and ends its session by DELETE.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from '@jest/globals';
import { fetchOnce } from '../../support/fetch-once.ts';
import { until } from '../../support/kubectl.ts';
import { drainsCompleteAtMs } from '../world/events.ts';
import { inSample, scaleSample, untilLeft } from '../world/sample.ts';
import type { Scenario } from './scenario.ts';

const quietPeriodMs = 2000;
const options = {
  file: 'manifests/samples/mcp.yaml',
  name: 'notes',
  replicas: 5,
  spec: { drain: { quietPeriod: `${quietPeriodMs}ms`, timeout: '60s' } },
};
const clients = 20;

type Notes = { pod: string; notes: string[] };

class NoteTaker {
  pod = '';
  private readonly client = new Client({ name: 'note-taker', version: '1.0.0' });
  private readonly transport: StreamableHTTPClientTransport;
  private readonly expected: string[] = [];

  constructor(host: string) {
    this.transport = new StreamableHTTPClientTransport(new URL(`http://${host}/mcp`));
  }

  async connect(): Promise<void> {
    await this.client.connect(this.transport);
    this.pod = (await this.take('first')).pod;
  }

  /** Throws where the session is not the one that it was. */
  async note(): Promise<void> {
    const { pod, notes } = await this.take(`note ${this.expected.length}`);
    expect({ pod, notes }).toEqual({ pod: this.pod, notes: this.expected });
  }

  async end(): Promise<void> {
    await this.transport.terminateSession();
    await this.client.close();
  }

  private async take(text: string): Promise<Notes> {
    this.expected.push(text);
    const result = await this.client.callTool({ name: 'note', arguments: { text } });
    const [content] = result.content as [{ text: string }];
    return JSON.parse(content.text) as Notes;
  }
}

/** Visits that begin no session, until the end. */
async function visit(host: string, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const response = await fetchOnce(`http://${host}/`);
    expect([response.status, response.headers.get('mcp-session-id')]).toEqual([200, null]);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export const mcpSessions: Scenario = {
  title:
    'clients of the MCP SDK, 5 → 2: every session keeps its pod by the id that the server hands out, a DELETE ends it, and each pod is released within 3 s + quiet period of its last session',
  play: () =>
    inSample('e2e-mcp', options, async (sample) => {
      const { namespace, host, pods } = sample;
      const ended = new AbortController();
      const visits = visit(host, ended.signal);
      const takers = Array.from({ length: clients }, () => new NoteTaker(host));
      for (const taker of takers) await taker.connect();
      expect(new Set(takers.map(({ pod }) => pod)).size).toBe(5);
      await scaleSample(sample, 2);
      const lastEndMs = new Map<string, number>();
      for (const taker of takers) {
        // All of those who are left, again and again, while one after another ends its session.
        await Promise.all(takers.slice(takers.indexOf(taker)).map((each) => each.note()));
        await taker.end();
        lastEndMs.set(taker.pod, Date.now());
      }
      await untilLeft(sample, 2);
      ended.abort();
      await visits;
      await until('all gone', async () => pods.goneAtMs.size === 3);
      const afterLastSession = (atMs: ReadonlyMap<string, number>) =>
        [...atMs].map(([pod, ms]) => ms - (lastEndMs.get(pod) ?? Number.NaN));
      const goneAfterMs = afterLastSession(pods.goneAtMs);
      const releasedAfterMs = afterLastSession(await drainsCompleteAtMs(namespace, pods.goneAtMs.keys()));
      process.stdout.write(
        `${JSON.stringify({ run: 'mcp-5-2: pods gone', afterLastSessionMs: goneAfterMs, releasedAfterMs })}\n`,
      );
      expect(Math.min(...goneAfterMs)).toBeGreaterThanOrEqual(quietPeriodMs);
      expect(Math.max(...releasedAfterMs)).toBeLessThanOrEqual(quietPeriodMs + 3000);
    }),
};
