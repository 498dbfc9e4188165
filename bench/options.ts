/** The command line of the benchmarks. */
import { parseArgs } from 'node:util';
import { sectionNames, type SectionName } from './report/section.ts';
import { workNames, type WorkName } from './speed/work-names.ts';

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
  /** Few and short rounds of the comparison with other proxies only. */
  quick: boolean;
  /** Of the order of turns. */
  seed: number;
  /** Names of the work that the comparison measures; absent: all. */
  work?: readonly WorkName[];
  /** A file for all samples. */
  json?: string;
  write: boolean;
};

const sizes = {
  rounds: { default: 5, what: 'rounds; each proxy has one turn per round' },
  seconds: { default: 2, what: 'seconds of load per turn' },
  sessions: { default: 1_000_000, what: 'number of live sessions' },
  connections: { default: 9000, what: 'number of idle connections; each needs two open files' },
  endpoints: { default: 10_000, what: 'number of endpoints in the routing table' },
  workloads: { default: 1000, what: 'number of StickyWorkloads in the operator benchmark' },
  pods: { default: 10_000, what: 'number of pods in the operator benchmark, distributed over its StickyWorkloads' },
  'idle-seconds': { default: 60, what: 'seconds for which the idle operator is measured' },
} as const;
type SizeName = keyof typeof sizes;

const quickSizes: Partial<Record<SizeName, number>> = { rounds: 2, seconds: 1 };
const quickSections: readonly SectionName[] = ['speed'];

export const help = `Usage: npm run bench -- [OPTIONS]

Measures Holdfast on this machine, beside other proxies where a comparison makes sense. Prints progress to stderr and the
figures as Markdown to stdout. Skips sections that cannot be measured on this machine, and prints the reason.

Options:
  --only A,B           comma-separated sections: ${sectionNames.join(', ')} (default: all)
${Object.entries(sizes)
  .map(([name, size]) => `  ${`--${name} N`.padEnd(20)} ${size.what} (default: ${size.default})`)
  .join('\n')}
  --quick              the comparison with other proxies in less than 3 minutes: --only speed, ${Object.entries(
    quickSizes,
  )
    .map(([name, size]) => `--${name} ${size}`)
    .join(', ')}
  --work A,B           what the comparison with other proxies measures: ${workNames.join(', ')} (default: all)
  --seed N             seed of the random order of turns (default: by the clock; printed)
  --json FILE          write all samples to FILE
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
    quick: flag,
    seed: text,
    work: text,
    json: text,
    write: flag,
    help: flag,
  };
  try {
    const { values } = parseArgs({ args: [...args], options: named });
    if (values.help) return { kind: 'help' };
    const usual = values.quick ? quickSizes : {};
    const usualSections = values.quick ? quickSections : sectionNames;
    const size = (name: SizeName): number => readSize(name, values[name], usual[name] ?? sizes[name].default);
    return {
      kind: 'run',
      options: {
        only: values.only === undefined ? usualSections : chosen('only', values.only, sectionNames),
        rounds: size('rounds'),
        seconds: size('seconds'),
        sessions: size('sessions'),
        connections: size('connections'),
        endpoints: size('endpoints'),
        workloads: size('workloads'),
        pods: size('pods'),
        idleSeconds: size('idle-seconds'),
        quick: values.quick,
        seed: readSize('seed', values.seed, (Date.now() % 999_999) + 1),
        ...(values.work !== undefined && { work: chosen('work', values.work, workNames) }),
        ...(values.json !== undefined && { json: values.json }),
        write: values.write,
      },
    };
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
}

function readSize(name: SizeName | 'seed', given: string | undefined, usual: number): number {
  if (given === undefined) return usual;
  if (/^[1-9][0-9]{0,8}$/.test(given)) return Number(given);
  throw new Error(`--${name} must be a positive integer, not ${JSON.stringify(given)}`);
}

function chosen<T extends string>(option: string, given: string, names: readonly T[]): readonly T[] {
  return given.split(',').map((name) => {
    const known = names.find((one) => one === name.trim());
    if (known !== undefined) return known;
    throw new Error(`--${option}: unknown name ${JSON.stringify(name)}; use ${names.join(', ')}`);
  });
}
