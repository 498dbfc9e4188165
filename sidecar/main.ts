/** The sidecar process, which holds the pod's preStop hooks open until its sessions are over: reads the environment, wires the parts, exits. */
import { parseConfig } from './config.ts';
import type { SidecarConfig } from './config.ts';
import { describeError } from '../src/platform/errors.ts';
import { createAddressBook, lookUpAll } from './addresses.ts';
import { watchReachability } from './reachability.ts';
import { checkAtStart } from './start-check.ts';
import { createCallers } from './callers.ts';
import { readGateways } from './proc-net.ts';
import { createLog } from './log.ts';
import { createDrain } from './loop.ts';
import { createCounters } from './counters.ts';
import { createFaults, hasFaults } from './faults.ts';
import { createSidecarClient } from '../src/wire/client/sidecar-client.ts';
import { createAppHooks } from './app-hooks.ts';
import { createSidecarServer } from './server.ts';
import { createSources } from './sources.ts';

/** Between two questions while statuses change, and between two counts in the pod. */
const pollIntervalMs = 250;
const lookUpPatienceMs = 1000;
const startCheckPauseMs = 1000;

const log = createLog((line) => process.stdout.write(line));

/**
 * A native sidecar gets SIGTERM after every app container has exited: there is no reason left to hold. The handler is installed before
 * anything else, see `start-check.ts`.
 */
let isAskedToStop = false;
let stopWith = (_reason: string): void => {
  isAskedToStop = true;
};
process.once('SIGTERM', () => {
  stopWith('SIGTERM');
});

const counters = createCounters();
const recordFault = createFaults(counters, log);
process.on('uncaughtException', recordFault);
// A closed log must not matter, and must not become an uncaught error that is logged again.
process.stdout.on('error', () => undefined);

async function run(config: SidecarConfig): Promise<void> {
  const { port, policy } = config;
  const nowMs = Date.now;
  const resolve = createAddressBook({
    lookUp: lookUpAll,
    known: config.operatorAddresses,
    patienceMs: lookUpPatienceMs,
  });
  const operator = watchReachability(createSidecarClient(config.operator, resolve), { log, counters, nowMs });
  const drain = createDrain({
    policy,
    operator,
    countSources: createSources(config, nowMs),
    counters,
    recordFault,
    nowMs,
    log,
    pollIntervalMs,
  });
  stopWith = (reason) => {
    log('Stopping', { reason, callers: drain.view().callers });
    void drain.stop().then(() => process.exit(hasFaults(counters) ? 1 : 0));
  };
  if (isAskedToStop) stopWith('SIGTERM');
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
    void checkAtStart({
      operator,
      isHeld: () => drain.view().state !== undefined,
      appGraceMs: config.restartGraceMs,
      exit: (reason) => {
        stopWith(reason);
      },
      log,
      nowMs,
      pauseMs: startCheckPauseMs,
    });
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
