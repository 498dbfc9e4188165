/** Which program stands for an image: nothing is pulled. */
import { expand } from './environment.ts';
import type { Environment } from './environment.ts';
import type { Container } from './pod.ts';
import { StartRefused } from './start-refused.ts';

/** `command`: the entrypoint. `env`: all that a process gets besides what its pod says; nothing is inherited. */
export type ImageEntry = { command: readonly string[]; cwd: string; env: Environment };

/** By the name of the image, as pods write it. */
export type ImageTable = ReadonlyMap<string, ImageEntry>;

export function findImage(images: ImageTable, { image }: Container): ImageEntry {
  const entry = images.get(image);
  if (!entry) {
    throw new StartRefused(
      'ErrImageNeverPull',
      `Container image "${image}" is not present with pull policy of Never`,
      'ErrImageNeverPull',
    );
  }
  return entry;
}

/** The pod's command replaces the image's, its arguments follow. */
export const commandOf = ({ command }: ImageEntry, container: Container, env: Environment): string[] => [
  ...(container.command ? container.command.map((part) => expand(part, env)) : command),
  ...(container.args ?? []).map((part) => expand(part, env)),
];
