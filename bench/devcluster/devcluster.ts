/** The devcluster and the demo on it: their start-up time, and the throughput of the API server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificates } from '../../tools/demo/certificate.ts';
import { createApiServer, type ApiServer, type ServerCertificate } from '../../tools/devcluster/apiserver/server.ts';
import { startDevcluster } from '../../tools/devcluster/devcluster.ts';
import type { KubeObject } from '../../src/kube/ports.ts';
import { pods } from '../../src/kube/resources.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { median } from '../measure/statistics.ts';
import { formatNumber } from '../report/markdown.ts';
import type { Section } from '../report/section.ts';

const podCount = 1000;
const starts = 5;
const path = '/api/v1/namespaces/default/pods';

/** Pods without a node: they are only stored. */
const pod = (number: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name: `pod-${number}`, labels: { app: 'bench' } },
  spec: { containers: [{ name: 'app', image: 'app:bench' }] },
});

export async function measureDevcluster(progress: (text: string) => void): Promise<Section> {
  const { caPem: ca, certPem: cert, keyPem: key } = await createCertificates({ addresses: ['127.0.0.1'] });
  const tls = { ca, cert, key };
  progress('starting the devcluster');
  const startMs = median(await times(starts, () => startOnce(tls)));
  progress('measuring its API server');
  const server = await createApiServer({ tls });
  try {
    const rows = await measureServer(server, { url: await server.listen(0), ca: tls.ca });
    progress('starting the demo');
    const firstSessionMs = median(await times(3, timeDemo));
    return {
      tables: [
        {
          title: 'the embedded API server, over TLS, one client',
          columns: ['what', 'figure'],
          rows: [
            ['start of the whole devcluster (median of 5)', `${formatNumber(startMs)} ms`],
            ...rows,
            ['the demo: from its start to the first session (median of 3)', `${formatNumber(firstSessionMs / 1000)} s`],
          ],
        },
      ],
    };
  } finally {
    await server.close();
  }
}

async function times(count: number, measure: () => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  for (let turn = 0; turn < count; turn += 1) taken.push(await measure());
  return taken;
}

async function startOnce(tls: ServerCertificate): Promise<number> {
  const tempFolder = await mkdtemp(join(tmpdir(), 'holdfast-bench-devcluster-'));
  const began = performance.now();
  const cluster = await startDevcluster({
    clock: systemClock,
    log: createLogger('devcluster', 'silent'),
    tempFolder,
    port: 0,
    tls,
    images: new Map(),
  });
  const taken = performance.now() - began;
  await cluster.stop();
  await rm(tempFolder, { recursive: true });
  return taken;
}

type Client = { url: string; ca: string };

async function measureServer(server: ApiServer, client: Client): Promise<string[][]> {
  const began = performance.now();
  for (let number = 0; number < podCount; number += 1) await server.api.create(pods, pod(number));
  const createMs = performance.now() - began;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const get = (target: string) => read({ ...client, path: target, token: server.adminToken, agent });
  const gets = await rate(2000, () => get(`${path}/pod-7`));
  const lists = await rate(50, () => get(path));
  const events = await measureWatch(server, client);
  agent.destroy();
  return [
    [
      `create, of ${podCount.toLocaleString('en-US')} pods, without HTTP`,
      `${formatNumber((podCount / createMs) * 1000)} /s`,
    ],
    ['get of a pod', `${formatNumber(gets)} /s`],
    [`list of ${podCount.toLocaleString('en-US')} pods`, `${formatNumber(lists)} /s`],
    ['changes of pods, each seen by a watch', `${formatNumber(events)} /s`],
  ];
}

async function rate(count: number, act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (let turn = 0; turn < count; turn += 1) await act();
  return (count / (performance.now() - began)) * 1000;
}

type Call = Client & { path: string; token: string; agent: Agent };

async function open({ url, ca, path: target, token, agent }: Call): Promise<IncomingMessage> {
  const sent = request(new URL(target, url), { ca, agent, headers: { authorization: `Bearer ${token}` } });
  sent.end();
  const answered = await once(sent, 'response');
  const response: IncomingMessage = answered[0];
  if (response.statusCode !== 200) throw new Error(`GET ${target}: ${response.statusCode}`);
  return response;
}

async function read(call: Call): Promise<number> {
  let bytes = 0;
  for await (const chunk of (await open(call)) as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

/** Makes each change after the previous one was observed. */
async function measureWatch(server: ApiServer, client: Client): Promise<number> {
  const agent = new Agent();
  const { resourceVersion } = server.api.get(pods, { namespace: 'default', name: 'pod-7' })?.metadata ?? {};
  const stream = await open({
    ...client,
    path: `${path}?watch=true&resourceVersion=${resourceVersion}`,
    token: server.adminToken,
    agent,
  });
  let waiting: (() => void) | undefined;
  stream.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('bench/turn')) waiting?.();
  });
  let turn = 0;
  const perSecond = await rate(500, () => {
    const seen = new Promise<void>((resolve) => (waiting = resolve));
    turn += 1;
    return Promise.all([
      seen,
      server.api.patch(
        pods,
        { namespace: 'default', name: 'pod-7' },
        { metadata: { annotations: { 'bench/turn': String(turn) } } },
      ),
    ]);
  });
  stream.destroy();
  agent.destroy();
  return perSecond;
}

/** The demo as a user starts it, until its customers have begun a session. */
async function timeDemo(): Promise<number> {
  const began = performance.now();
  const demo = spawn(process.execPath, ['tools/demo/main.ts', '--plain', '--duration', '5'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const taken = await new Promise<number>((resolve) => {
    demo.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('sessions: ')) resolve(performance.now() - began);
    });
  });
  demo.kill('SIGINT');
  await once(demo, 'exit');
  return taken;
}
