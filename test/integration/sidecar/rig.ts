/** A sidecar in this process with real sockets, and fake operators. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { watchReachability } from '../../../sidecar/reachability.ts';
import { createDrain } from '../../../sidecar/loop.ts';
import { createCallers, type CallerSettings } from '../../../sidecar/callers.ts';
import { createCounters } from '../../../sidecar/counters.ts';
import { createFaults } from '../../../sidecar/faults.ts';
import { createSidecarClient } from '../../../src/wire/client/sidecar-client.ts';
import { createAppHooks } from '../../../sidecar/app-hooks.ts';
import { createSidecarServer } from '../../../sidecar/server.ts';
import type { CountSources } from '../../../sidecar/sources.ts';
import type { DrainPolicy } from '../../../src/core/drain/state.ts';
import type { AppPreStopHook } from '../../../src/wire/app-pre-stop-hook.ts';
import { operatorNamespace, operatorService } from '../../../src/core/names/names.ts';
import { createCertificates } from '../../../tools/demo/certificate.ts';
import type { Certificates } from '../../../tools/demo/certificate.ts';
import { startFakeOperator } from './fake-operator.ts';
import type { FakeOperator } from './fake-operator.ts';

export const serverName = `${operatorService}.${operatorNamespace}.svc`;
export const quick: DrainPolicy = {
  drainTimeoutMs: 60_000,
  quietPeriodMs: 300,
  shutdownMarginMs: 1000,
  sources: ['Proxy'],
  sessionThreshold: 0,
};

export type Setup = {
  addresses?: string[];
  policy?: Partial<DrainPolicy>;
  ca?: string;
  countSources?: CountSources;
  hooks?: Record<string, AppPreStopHook>;
  restartGraceMs?: number;
  callers?: Partial<CallerSettings>;
  listenOn?: string;
};

/** Call it at the top of a test file: everything that it starts ends with the test. */
export function createRig() {
  let certificates: Certificates;
  let folder: string;
  const cleanUps: (() => Promise<unknown>)[] = [];
  const tokenFile = () => join(folder, 'token');

  beforeAll(async () => {
    certificates = await createCertificates({ names: [serverName] });
    folder = await mkdtemp(join(tmpdir(), 'holdfast-sidecar-'));
    await writeFile(tokenFile(), 'first-token\n');
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  async function operatorOn(host = '127.0.0.1', port = 0): Promise<FakeOperator> {
    const operator = await startFakeOperator(certificates, { host, port });
    cleanUps.push(() => operator.close());
    return operator;
  }

  async function sidecarOf(operator: { port: number }, setup: Setup = {}) {
    const {
      addresses = ['127.0.0.1'],
      policy = {},
      ca = certificates.caPem,
      countSources = () => Promise.resolve([]),
      hooks = {},
      restartGraceMs = 30_000,
      callers = {},
      listenOn = '127.0.0.1',
    } = setup;
    const { events, log, logged } = createEventLog();
    const counters = createCounters();
    const nowMs = Date.now;
    const client = watchReachability(
      createSidecarClient({ host: 'discovery', port: operator.port, serverName, ca, tokenFile: tokenFile() }, () =>
        Promise.resolve(addresses),
      ),
      { log, counters, nowMs },
    );
    const drain = createDrain({
      policy: { ...quick, ...policy },
      operator: client,
      countSources,
      counters,
      recordFault: createFaults(counters, log),
      nowMs,
      log,
      pollIntervalMs: 50,
    });
    const callAppHook = createAppHooks({
      hooks: new Map(Object.entries(hooks)),
      podIp: '127.0.0.1',
      restartGraceMs,
      nowMs,
      log,
    });
    const server = createSidecarServer({
      drain,
      callAppHook,
      callers: createCallers({ hostIps: [], gateways: [], ...callers }),
      counters,
      log,
      nowMs,
    });
    await new Promise<void>((resolve) => {
      server.listen(0, listenOn, resolve);
    });
    cleanUps.push(async () => {
      await drain.stop();
      client.close();
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    });
    return { counters, port: (server.address() as AddressInfo).port, events, logged, drain };
  }

  return { operatorOn, sidecarOf, tokenFile, cleanUps };
}

/** Records logged events. */
function createEventLog() {
  const events: string[] = [];
  const waiting = new Set<() => void>();
  return {
    events,
    log: (event: string): void => {
      events.push(event);
      for (const check of waiting) check();
    },
    /** Resolves when the event has been logged this many times. */
    logged: (event: string, times: number): Promise<void> =>
      new Promise((resolve) => {
        const check = () => {
          if (events.filter((one) => one === event).length < times) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}
