/** The command line of the demo. */
import { parseArgs } from 'node:util';
import { renderUsage, type CommandOption } from '../../src/cli/commands.ts';

export type DemoOptions = {
  plain: boolean;
  keep: boolean;
  seed: number;
  durationMs: number;
  sessions: number;
  context: string | undefined;
};
export type ParsedOptions = { kind: 'options'; options: DemoOptions } | { kind: 'wrong'; problem: string };

const limits = {
  seed: { min: 0, max: 2 ** 31, default: 1 },
  duration: { min: 5, max: 3600, default: 30 },
  sessions: { min: 10, max: 500, default: 40 },
} as const;
type NumberOption = keyof typeof limits;

const demoHelp: readonly CommandOption[] = [
  { usage: '--sessions N', meaning: `concurrent customers at peak load; default ${limits.sessions.default}` },
  {
    usage: '--duration S',
    meaning: `seconds until the last customers log out; default ${limits.duration.default}`,
  },
  { usage: '--seed N', meaning: `random seed of the customers; default ${limits.seed.default}` },
  { usage: '--plain', meaning: 'print lines instead of a live view; the default without a terminal' },
  { usage: '--keep', meaning: 'keep the shop and its regular customers running until Ctrl-C' },
  {
    usage: '--context NAME',
    meaning:
      'use the cluster of a kubeconfig context instead of an in-process cluster, in a namespace of its own, and clean up afterwards',
  },
];

/** `npm run demo -- --help`. */
export const renderDemoHelp = (): string =>
  renderUsage('npm run demo --', {
    summary: 'watch sessions survive a scale-down, on an in-process cluster',
    options: demoHelp,
  });

export function parseDemoOptions(args: readonly string[]): ParsedOptions {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        plain: { type: 'boolean' },
        keep: { type: 'boolean' },
        seed: text,
        duration: text,
        sessions: text,
        context: text,
      },
    });
    const number = (name: NumberOption) => readNumber(name, values[name]);
    const { plain = false, keep = false, context } = values;
    return {
      kind: 'options',
      options: {
        plain,
        keep,
        seed: number('seed'),
        durationMs: number('duration') * 1000,
        sessions: number('sessions'),
        context,
      },
    };
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
}

function readNumber(name: NumberOption, text: string | undefined): number {
  const { min, max, default: fallback } = limits[name];
  if (text === undefined) return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`--${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}
