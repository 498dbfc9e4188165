/** One run of one jest project, with its count and its durations. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countReport, type Count, type JestReport } from './count.ts';
import { root, runProgram, type Command, type Output } from './process.ts';
import { readTestFiles, type JestTimes, type TestFile } from './times.ts';

export type JestRun = {
  project: 'fast' | 'api' | 'e2e' | 'gateway';
  args: readonly string[];
  env?: Record<string, string>;
  /** Wraps the command, to run it in a cluster's network. */
  within?: (command: Command) => Command;
  output?: Output;
};

export type LayerResult = { count: Count; files: readonly TestFile[] };

/** A limit on a test that hangs, not a part of its verdict: on a machine that has much to do five seconds are soon over. */
const testTimeoutMs = 30_000;

export async function runJest({
  project,
  args,
  env,
  within = (command) => command,
  output = 'Live',
}: JestRun): Promise<LayerResult> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  try {
    const outputFile = join(folder, 'report.json');
    const jest = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const command = {
      command: process.execPath,
      args: [
        ...jest,
        '--selectProjects',
        ...(project === 'fast' ? ['fast', 'streams'] : [project]),
        `--testTimeout=${testTimeoutMs}`,
        '--json',
        '--outputFile',
        outputFile,
        ...args,
      ],
      ...(env && { env }),
      output,
    };
    const exitCode = await runProgram(within(command));
    const report = readReport(outputFile);
    return { count: countReport(report, exitCode), files: report === undefined ? [] : readTestFiles(report, root) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): (JestReport & JestTimes) | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JestReport & JestTimes;
  } catch {
    // No report, or half of one: jest has crashed and printed why.
    return undefined;
  }
}
