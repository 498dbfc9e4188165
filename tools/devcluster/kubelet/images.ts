/** The programs of images: no image is pulled. */
import { expand } from './environment.ts';
import type { Environment } from './environment.ts';
import type { Container } from './pod.ts';
import { StartRefused } from './start-refused.ts';

/** `command`: the entrypoint. `env`: the variables besides those of the pod; no other is inherited. */
export type ImageEntry = { command: readonly string[]; cwd: string; env: Environment };

/** Keyed by the name of the image in pods. */
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

/** The command of the container replaces that of the image; its arguments follow. */
export const commandOf = ({ command }: ImageEntry, container: Container, env: Environment): string[] => [
  ...(container.command ? container.command.map((part) => expand(part, env)) : command),
  ...(container.args ?? []).map((part) => expand(part, env)),
];
