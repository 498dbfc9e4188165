/** The sidecar process, which holds the pod's preStop hooks open until its sessions are over: reads the environment, wires the parts, exits. */
import { lookup } from 'node:dns/promises';
import { parseConfig } from './config.ts';
import type { SidecarConfig } from './config.ts';
import { describeError } from '../src/platform/errors.ts';
import { createCallers } from './callers.ts';
import { readGateways } from './proc-net.ts';
import { createLog } from './log.ts';
import { createDrain } from './loop.ts';
import { createCounters } from './counters.ts';
import { createSidecarClient } from '../src/wire/client/sidecar-client.ts';
import { createAppHooks } from './app-hooks.ts';
import { createSidecarServer } from './server.ts';
import { createSources } from './sources.ts';

/** The delay with which the end of the last session is noticed. */
const pollIntervalMs = 250;

const log = createLog((line) => process.stdout.write(line));

// An exit would break the open preStop call, and the kubelet would stop the app: an error is logged, and the hold continues.
process.on('uncaughtException', (error) => {
  log('UncaughtError', { error: describeError(error) });
});
// A closed log must not matter, and must not become an uncaught error that is logged again.
process.stdout.on('error', () => undefined);

async function resolveAll(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

async function run(config: SidecarConfig): Promise<void> {
  const { port, policy } = config;
  const nowMs = Date.now;
  const counters = createCounters();
  const operator = createSidecarClient(config.operator, resolveAll);
  const drain = createDrain({
    policy,
    operator,
    countSources: createSources(config, nowMs),
    counters,
    nowMs,
    log,
    pollIntervalMs,
  });
  const server = createSidecarServer({
    drain,
    callAppHook: createAppHooks({ ...config, nowMs, log }),
    callers: createCallers({
      ...config,
      hostIps: config.connections.hostIps,
      gateways: await readGateways('/proc/net'),
    }),
    counters,
    log,
    nowMs,
  });
  const cannotListen = (error: Error) => {
    log('CannotListen', { port, error: describeError(error) });
    process.exit(1);
  };
  server.once('error', cannotListen);
  // No host: all addresses, including IPv6 if the pod has it.
  server.listen(port, () => {
    // From now on an error, such as a failed accept, must not end the process.
    server.off('error', cannotListen);
    const address = server.address();
    log('Started', { port: typeof address === 'object' && address ? address.port : port });
  });
  // A native sidecar gets SIGTERM after every app container has exited: there is no reason left to hold.
  process.once('SIGTERM', () => {
    log('Stopping', { callers: drain.view().callers });
    void drain.stop().then(() => process.exit(0));
  });
}

const parsed = parseConfig(process.env);
if ('problems' in parsed) {
  for (const problem of parsed.problems) log('ConfigInvalid', { problem });
  process.exitCode = 1;
} else {
  for (const problem of parsed.warnings) log('ConfigWarning', { problem });
  await run(parsed.config);
}
