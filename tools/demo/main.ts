/** `npm run demo`: wires the demo, parses its command line, and sets the exit code. */
import { describeError } from '../../src/platform/errors.ts';
import { abortOnSignal } from '../../src/platform/shutdown.ts';
import { startLocalCluster } from './local-cluster.ts';
import { parseDemoOptions, renderDemoHelp, type DemoOptions } from './options.ts';
import { runDemo, formatSessions, type OpenCluster } from './run.ts';
import { createTerminalView } from './view/terminal.ts';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const createView = (plain: boolean) => () => {
  const { NO_COLOR: noColor, TERM: terminal } = process.env;
  return createTerminalView(process.stdout, {
    plain: plain || terminal === 'dumb',
    color: noColor === undefined,
    startedAtMs: Date.now(),
  });
};

/** Loaded on demand: the Kubernetes client takes a second to load. */
const connectTo =
  (context: string): OpenCluster =>
  async (customers) => {
    const { connectCluster } = await import('./context/context-cluster.ts');
    return connectCluster(context, customers, print);
  };

/** Returns the exit code: 0 only if no session was lost. */
async function run(options: DemoOptions, stopped: AbortSignal): Promise<number> {
  const { context, plain } = options;
  const openCluster = context === undefined ? startLocalCluster : connectTo(context);
  const sessions = await runDemo(options, openCluster, { print, createView: createView(plain), stopped });
  print(formatSessions(sessions));
  return sessions.lost === 0 ? 0 : 1;
}

// The reader has gone, as with `| head`: stop, and clean up.
process.stdout.on('error', () => process.kill(process.pid, 'SIGTERM'));

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(renderDemoHelp());
  process.exit();
}

const parsed = parseDemoOptions(args);
if (parsed.kind === 'wrong') {
  process.stderr.write(`demo: ${parsed.problem}; "npm run demo -- --help" lists the options\n`);
  process.exitCode = 2;
} else {
  const stopped = abortOnSignal(process);
  try {
    process.exitCode = await run(parsed.options, stopped);
  } catch (error) {
    if (!stopped.aborted) process.stderr.write(`demo: ${describeError(error)}\n`);
    process.exitCode = 1;
  }
  // After Ctrl-C the result is incomplete: neither a success nor a failure. With --keep, Ctrl-C is the regular end.
  process.exit(stopped.aborted && !parsed.options.keep ? 130 : process.exitCode);
}
