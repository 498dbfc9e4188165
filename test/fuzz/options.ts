/** The command line of the fuzzer. */
import { parseArgs } from 'node:util';
import { surfaceNames, type SurfaceName } from './surface.ts';

export type Options = { seconds: number; seed: number; only: readonly SurfaceName[]; replay: string | undefined };

export const help = `Usage: npm run fuzz -- [OPTIONS]

Sends changed requests, responses and header blocks through the proxy, in HTTP/1.1 and HTTP/2, and compares what arrives with what llhttp and
nghttp2 read. Prints progress to stderr every 10 s. A finding ends the run with exit code 1, and is written to a file for --replay.

Options:
  --seconds N      seconds to run, divided among the surfaces (default: 600)
  --seed N         seed of the random numbers (default: by the time); the same seed makes the same inputs
  --only A,B       comma-separated surfaces: ${surfaceNames.join(', ')} (default: all)
  --replay FILE    run the inputs of a finding again, and nothing else
  --help           print this help
`;

export type Parsed = { kind: 'run'; options: Options } | { kind: 'help' } | { kind: 'wrong'; problem: string };

export function parseOptions(args: readonly string[], nowMs: number): Parsed {
  const text = { type: 'string' } as const;
  const named = {
    seconds: text,
    seed: text,
    only: text,
    replay: text,
    help: { type: 'boolean', default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options: named });
    if (values.help) return { kind: 'help' };
    const options = {
      seconds: readNumber('seconds', values.seconds ?? '600'),
      seed: readNumber('seed', values.seed ?? String(nowMs % 1_000_000)),
      only: readSurfaces(values.only),
      replay: values.replay,
    };
    return { kind: 'run', options };
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
}

function readNumber(name: string, given: string): number {
  if (/^[0-9]{1,9}$/u.test(given)) return Number(given);
  throw new Error(`--${name} must be a whole number, not ${JSON.stringify(given)}`);
}

function readSurfaces(given: string | undefined): readonly SurfaceName[] {
  if (given === undefined) return surfaceNames;
  return given.split(',').map((name) => {
    const known = surfaceNames.find((surface) => surface === name.trim());
    if (known === undefined) {
      throw new Error(`--only: unknown surface ${JSON.stringify(name)}; use ${surfaceNames.join(', ')}`);
    }
    return known;
  });
}
