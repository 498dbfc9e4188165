/**
 * `npm run test:gateway`: the unmodified conformance suite of Gateway API, with its default timeouts, on a cluster of its own.
 *
 *     npm run test:gateway                  all that is claimed; writes the official report
 *     npm run test:gateway -- TEST…         only these tests
 *     npm run test:gateway -- --update      also lists the tests that passed as those that must
 *     npm run test:gateway -- --sessions    only our own tests of session persistence, which the suite has none of
 *
 * Our own tests run twice: with the CRDs of the suite, then with those of v1.7.0, where sessionPersistence has other fields.
 *
 * The last line is the count: `N passed, N failed, N skipped`.
 */
import { createWriteStream, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readExpected, writeExpected } from '../conformance/expected.ts';
import { compare, namesOf, type SuiteResult } from '../conformance/results.ts';
import { proxiesFile, runSuite, setupCommand, whyNoSuite } from '../conformance/suite.ts';
import { clusterOf, whyNoCluster, type Cluster } from './cluster.ts';
import type { Generation } from '../conformance/persistence/generation.ts';
import { addCounts, formatCount, type Count } from './count.ts';
import { runJest } from './jest.ts';
import { buildProgram, fail, type Problem } from './layers.ts';
import { root, runProgram, watchForInterrupt } from './process.ts';
import { formatDuration } from './times.ts';

const reportFile = join(root, 'docs/conformance/gateway-api-v1.6.3.yaml');

type Choice = { tests: readonly string[]; update: boolean; sessions: boolean };

watchForInterrupt();
const args = process.argv.slice(2);
const count = await run({
  tests: args.filter((arg) => !arg.startsWith('--')),
  update: args.includes('--update'),
  sessions: args.includes('--sessions'),
});
process.exitCode = count.failed === 0 ? 0 : 1;
console.log(formatCount(count));

async function run(choice: Choice): Promise<Count> {
  const missing = whyNoCluster() ?? whyNoSuite();
  if (missing !== undefined) {
    console.log(`skipped, because ${missing}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const cluster = clusterOf('gateway');
  try {
    const problem = await prepare(cluster);
    if (problem !== undefined) return fail(problem).count;
    return choice.sessions ? addCounts(await judgeSessions(cluster)) : await judge(cluster, choice);
  } finally {
    await cluster.down();
  }
}

/** Returns what went wrong, or undefined. */
async function prepare(cluster: Cluster): Promise<Problem> {
  const built = await buildProgram('Held');
  if (built !== undefined) return built;
  if (!(await cluster.up([]))) return 'the cluster did not start';
  if ((await runProgram(cluster.within(setupCommand()))) !== 0) return 'the set-up of the suite failed';
  if (!(await cluster.buildImage('.', 'holdfast:dev', 'Held'))) return 'the image holdfast:dev was not built';
  return kubectl(cluster, [
    'apply -k manifests/base',
    `apply -f ${proxiesFile}`,
    '-n holdfast-system rollout status deployment/holdfast-operator --timeout=180s',
    'wait --for=condition=Accepted gatewayclass/holdfast --timeout=60s',
  ]);
}

async function kubectl(cluster: Cluster, commands: readonly string[]): Promise<Problem> {
  for (const command of commands) {
    const program = cluster.within({ command: 'kubectl', args: command.split(' '), output: 'ErrorsOnly' });
    if ((await runProgram(program)) !== 0) return `kubectl ${command} failed`;
  }
  return undefined;
}

/** Of each generation of the fields, in a namespace of its own. */
async function judgeSessions(cluster: Cluster): Promise<Count[]> {
  const env = { HOLDFAST_TEST_E2E: '1' };
  const run = async (generation: Generation): Promise<Count> =>
    (
      await runJest({
        project: 'gateway',
        args: ['--runInBand', '--verbose'],
        env: { ...env, HOLDFAST_GATEWAY_API: generation },
        within: cluster.within,
      })
    ).count;
  const before = await run('v1.6');
  const problem = await kubectl(cluster, [`apply --server-side -f ${cluster.gatewayApi}`]);
  return [before, problem === undefined ? await run('v1.7') : fail(problem).count];
}

async function judge(cluster: Cluster, { tests, update }: Omit<Choice, 'sessions'>): Promise<Count> {
  const whole = tests.length === 0;
  const { results, exitCode } = await runLogged(cluster, whole ? { reportFile } : { tests });
  const passed = namesOf(results, 'PASS');
  if (whole && update) writeExpected(passed);
  const { failed, missing, unlisted } = compare(results, whole ? readExpected() : tests);
  if (whole) print('Passed, and not in docs/conformance/expected.yaml (npm run test:gateway -- --update):', unlisted);
  print('Must pass, and did not run:', missing);
  print('Failed:', failed);
  // The set-up of the suite failed, or what follows its last test.
  const silent = exitCode !== 0 && failed.length + missing.length === 0 ? 1 : 0;
  const skipped = namesOf(results, 'SKIP').length;
  return { passed: passed.length, failed: failed.length + missing.length + silent, skipped };
}

/** Prints each verdict as it comes; the rest of the output, a megabyte, goes to a file. */
async function runLogged(
  cluster: Cluster,
  options: { reportFile: string } | { tests: readonly string[] },
): ReturnType<typeof runSuite> {
  const log = join(mkdtempSync(join(tmpdir(), 'holdfast-gateway-')), 'suite.log');
  console.log(`The suite writes its log to ${log}`);
  const file = createWriteStream(log);
  const last: string[] = [];
  const onLine = (line: string): void => {
    file.write(`${line}\n`);
    if (last.push(line) > 20) last.shift();
  };
  const run = await runSuite({ ...options, onLine, onResult: printResult }, cluster.within);
  file.end();
  if (run.results.length === 0) print('The suite did not begin:', last);
  return run;
}

function printResult({ test, verdict, tookMs }: SuiteResult): void {
  if (verdict !== 'SKIP') console.log(`${verdict}  ${formatDuration(tookMs).padStart(10)}  ${test}`);
}

function print(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log([title, ...lines.map((line) => `  ${line}`)].join('\n'));
}
