/** A canary of a gRPC server behind a GRPCRoute: its weights change under clients with sessions, which stay on their side. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@grpc/grpc-js';
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { conditionOf, getObject } from '../../support/objects.ts';
import { proxyPods } from '../../support/shop-cluster.ts';
import { Caller, connectTo, Talker } from '../world/note-takers.ts';
import { targetOf } from '../world/proxies.ts';
import { inSample, type Sample } from '../world/sample.ts';
import type { Scenario } from './scenario.ts';

const options = { file: 'manifests/samples/grpc-canary.yaml', name: 'stable', replicas: 2, spec: {} };

type Weights = { stable: number; canary: number };
type Audience = { clients: readonly Client[]; callers: Caller[]; talkers: Talker[] };

/** Sessions that begin at each weight: of each of 8 connections. */
const newcomers = { ofClient: 50, all: 400 };
/** So many of them begin on a side that gets 1 of 10: fewer or more are drawn once in 10^10 runs (binomial distribution). */
const few = { least: 7, most: 85 };

const isOn = (side: keyof Weights) => (taker: { pod: string }) => taker.pod.startsWith(`${side}-`);

/** Every proxy marks its responses with the weights that it has; resolves when all have the new ones. */
async function setWeights({ namespace }: Sample, weights: Weights): Promise<void> {
  const mark = `${weights.stable}/${weights.canary}`;
  const filter = {
    type: 'ResponseHeaderModifier',
    responseHeaderModifier: { set: [{ name: 'weights', value: mark }] },
  };
  const backendRefs = Object.entries(weights).map(([name, weight]) => ({ name, port: 80, weight }));
  const patch = JSON.stringify({ spec: { rules: [{ filters: [filter], backendRefs }] } });
  await kubectl('-n', namespace, 'patch', 'grpcroute', 'notes', '--type=merge', `--patch=${patch}`);
  for (const pod of await proxyPods(namespace)) {
    const { host, port } = targetOf(pod);
    const client = connectTo(host, port);
    await until(`weights ${mark} at ${pod.metadata.name}`, async () => {
      const visitor = new Caller(client, randomUUID());
      await visitor.note();
      return visitor.received.get('weights')[0] === mark;
    });
    client.close();
  }
}

const noteAll = async (takers: readonly (Caller | Talker)[]): Promise<void> => {
  await Promise.all(takers.map((taker) => taker.note()));
};

/** Changes the weights, and returns on which side the sessions are that begin then. All others take notes before and after. */
async function shift(sample: Sample, { clients, callers, talkers }: Audience, weights: Weights): Promise<Weights> {
  await setWeights(sample, weights);
  const arriving = clients.flatMap((client) =>
    Array.from({ length: newcomers.ofClient }, () => new Caller(client, randomUUID())),
  );
  await noteAll([...callers, ...talkers, ...arriving]);
  callers.push(...arriving);
  await noteAll([...callers, ...talkers]);
  const seen = { stable: arriving.filter(isOn('stable')).length, canary: arriving.filter(isOn('canary')).length };
  process.stdout.write(`${JSON.stringify({ run: 'grpc-canary', weights, newcomers: seen })}\n`);
  expect(seen.stable + seen.canary).toBe(newcomers.all);
  return seen;
}

/** Opens streams of sessions of both sides, which stay open at all weights. */
async function openStreams({ clients, callers, talkers }: Audience): Promise<void> {
  const sessions = (['stable', 'canary'] as const).flatMap((side) => callers.filter(isOn(side)).slice(0, few.least));
  for (const [index, { pod, cookies }] of sessions.entries()) {
    const talker = new Talker(clients[index % clients.length] as Client, randomUUID(), cookies);
    await talker.note();
    expect(talker.pod).toBe(pod);
    talkers.push(talker);
  }
}

function expectFew(count: number): void {
  expect(count).toBeGreaterThanOrEqual(few.least);
  expect(count).toBeLessThanOrEqual(few.most);
}

async function playCanary(sample: Sample): Promise<void> {
  await untilReady(sample, 'canary');
  const clients = Array.from({ length: newcomers.all / newcomers.ofClient }, () => connectTo(sample.host));
  const audience: Audience = { clients, callers: [], talkers: [] };
  expectFew((await shift(sample, audience, { stable: 90, canary: 10 })).canary);
  expect(new Set(audience.callers.map(({ pod }) => pod)).size).toBe(4);
  await openStreams(audience);
  expectFew((await shift(sample, audience, { stable: 10, canary: 90 })).stable);
  expect(await shift(sample, audience, { stable: 0, canary: 100 })).toEqual({ stable: 0, canary: newcomers.all });
  expectFew((await shift(sample, audience, { stable: 90, canary: 10 })).canary);
  for (const talker of audience.talkers) await talker.leave();
  for (const client of clients) client.close();
}

async function untilReady({ namespace, replicas }: Sample, name: string): Promise<void> {
  await until(`${name} ready`, async () => {
    const live = await getObject('stickyworkload', name, namespace);
    return conditionOf(live, 'Ready')?.status === 'True' && live?.status?.['acceptingReplicas'] === replicas;
  });
}

export const grpcCanary: Scenario = {
  title:
    'a gRPC canary, 90/10 → 10/90 → 0/100 → 90/10: new sessions follow the weights, each that has begun keeps its side and its pod, and none is lost',
  play: () => inSample('e2e-grpc-canary', options, playCanary),
};
