/** The command line of the benchmarks. */
import { parseArgs } from 'node:util';
import { sectionNames, type SectionName } from './report/section.ts';

export type Options = {
  only: readonly SectionName[];
  rounds: number;
  seconds: number;
  sessions: number;
  connections: number;
  endpoints: number;
  workloads: number;
  pods: number;
  idleSeconds: number;
  write: boolean;
};

const sizes = {
  rounds: { default: 3, what: 'rounds; each proxy is measured once per round' },
  seconds: { default: 4, what: 'seconds of load per measurement' },
  sessions: { default: 1_000_000, what: 'number of live sessions' },
  connections: { default: 9000, what: 'number of idle connections; each needs two open files' },
  endpoints: { default: 10_000, what: 'number of endpoints in the routing table' },
  workloads: { default: 1000, what: 'number of StickyWorkloads in the operator benchmark' },
  pods: { default: 10_000, what: 'number of pods in the operator benchmark, distributed over its StickyWorkloads' },
  'idle-seconds': { default: 60, what: 'seconds for which the idle operator is measured' },
} as const;
type SizeName = keyof typeof sizes;

export const help = `Usage: npm run bench -- [OPTIONS]

Measures Holdfast on this machine, beside other proxies where a comparison makes sense. Prints progress to stderr and the
figures as Markdown to stdout. Skips sections that cannot be measured on this machine, and prints the reason.

Options:
  --only A,B           comma-separated sections: ${sectionNames.join(', ')} (default: all)
${Object.entries(sizes)
  .map(([name, size]) => `  ${`--${name} N`.padEnd(20)} ${size.what} (default: ${size.default})`)
  .join('\n')}
  --write              write the figures to docs/benchmarks.md
  --help               print this help
`;

export type Parsed = { kind: 'run'; options: Options } | { kind: 'help' } | { kind: 'wrong'; problem: string };

export function parseOptions(args: readonly string[]): Parsed {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const named = {
    only: text,
    rounds: text,
    seconds: text,
    sessions: text,
    connections: text,
    endpoints: text,
    workloads: text,
    pods: text,
    'idle-seconds': text,
    write: flag,
    help: flag,
  };
  try {
    const { values } = parseArgs({ args: [...args], options: named });
    if (values.help) return { kind: 'help' };
    const size = (name: SizeName): number => readSize(name, values[name]);
    return {
      kind: 'run',
      options: {
        only: readSections(values.only),
        rounds: size('rounds'),
        seconds: size('seconds'),
        sessions: size('sessions'),
        connections: size('connections'),
        endpoints: size('endpoints'),
        workloads: size('workloads'),
        pods: size('pods'),
        idleSeconds: size('idle-seconds'),
        write: values.write,
      },
    };
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
}

function readSize(name: SizeName, given: string | undefined): number {
  if (given === undefined) return sizes[name].default;
  if (/^[1-9][0-9]{0,8}$/.test(given)) return Number(given);
  throw new Error(`--${name} must be a positive integer, not ${JSON.stringify(given)}`);
}

function readSections(given: string | undefined): readonly SectionName[] {
  if (given === undefined) return sectionNames;
  return given.split(',').map((name) => {
    const known = sectionNames.find((section) => section === name.trim());
    if (known === undefined) {
      throw new Error(`--only: unknown section ${JSON.stringify(name)}; use ${sectionNames.join(', ')}`);
    }
    return known;
  });
}
