/** Commands as the image runs them: with the options of Node in its entrypoint, and its environment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../measure/program.ts';

const dockerfile = join(import.meta.dirname, '../../Dockerfile');

/** `args`: the arguments of the container. `dist`: what is `/app` in the image. */
export function commandOfImage(dist: string, args: readonly string[], env: Command['env']): Command {
  const text = readFileSync(dockerfile, 'utf8');
  const options = /^ENTRYPOINT \["node", (.*)"\/app\/holdfast.js"\]$/m.exec(text)?.[1];
  if (options === undefined) throw new Error('the ENTRYPOINT of the Dockerfile is not node with /app/holdfast.js');
  return {
    command: process.execPath,
    args: [...quoted(options), join(dist, 'holdfast.js'), ...args],
    env: { ...Object.fromEntries(variables(text)), ...env },
  };
}

const quoted = (text: string): string[] => [...text.matchAll(/"([^"]+)"/g)].map(([, part = '']) => part);

const variables = (text: string): [string, string][] =>
  [...text.matchAll(/^ENV ([A-Z_]+)=(.+)$/gm)].map(([, name = '', value = '']) => [name, value]);
