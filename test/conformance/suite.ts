/** The official conformance suite of Gateway API: a program beside the cluster tools. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root, runProgram, type Command } from '../runner/process.ts';
import { readVerdict, type SuiteResult } from './results.ts';

const tools = resolve(root, process.env['HOLDFAST_CONFORMANCE_TOOLS'] ?? '../shared/conformance');

/** Why the suite cannot run here, or undefined. */
export function whyNoSuite(): string | undefined {
  return existsSync(join(tools, 'run'))
    ? undefined
    : 'it needs the conformance suite of Gateway API: put it at ../shared/conformance or name its folder in HOLDFAST_CONFORMANCE_TOOLS';
}

/** Gives the cluster the CRDs of the suite's version and the images of its pods. */
export const setupCommand = (): Command => ({ command: join(tools, 'setup'), args: [], output: 'ErrorsOnly' });

/** The CRDs that the set-up applies. */
export const crdFolder = join(tools, 'crds/experimental');

/** How proxies run while the suite does. */
export const proxiesFile = 'test/conformance/proxies.yaml';

export type SuiteRun = {
  /** Default: every test whose features are in `GatewayClass.status.supportedFeatures`. */
  tests?: readonly string[];
  /** Where the official report is written. */
  reportFile?: string;
  onResult?: (result: SuiteResult) => void;
  onLine?: (line: string) => void;
};

/** Runs the unmodified suite with its default timeouts. The cluster is the one of HOLDFAST_CLUSTER, or `within` wraps the command. */
export async function runSuite(
  { tests, reportFile, onResult, onLine }: SuiteRun,
  within: (command: Command) => Command = (command) => command,
): Promise<{ results: SuiteResult[]; exitCode: number }> {
  const results: SuiteResult[] = [];
  const args = [...flags(), ...(tests ? only(tests) : []), ...(reportFile ? report(reportFile) : [])];
  const read = (line: string): void => {
    onLine?.(line);
    const result = readVerdict(line);
    if (result === undefined) return;
    results.push(result);
    onResult?.(result);
  };
  const exitCode = await runProgram(within({ command: join(tools, 'run'), args, onLine: read }));
  return { results, exitCode };
}

const flags = (): string[] => [
  '-test.v',
  '--gateway-class=holdfast',
  '--conformance-profiles=GATEWAY-HTTP,GATEWAY-GRPC',
  // For GatewayStaticAddresses: a free address of the cluster's Services, and one of no network (RFC 5737).
  '--usable-address=10.96.0.50',
  '--unusable-address=192.0.2.1',
];

/** Not `--run-test`: it takes one test only, and turns the reading of `supportedFeatures` off. */
const only = (tests: readonly string[]): string[] => ['-test.run', `^TestConformance$/^(${tests.join('|')})$`];

function report(file: string): string[] {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const implementation = {
    organization: 'holdfast',
    project: 'holdfast',
    url: 'https://holdfast.dev',
    version: `v${version}`,
    contact: 'SECURITY.md',
  };
  return [...Object.entries(implementation).map(([flag, value]) => `--${flag}=${value}`), `--report-output=${file}`];
}
