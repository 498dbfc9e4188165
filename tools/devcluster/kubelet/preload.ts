/**
 * Runs before the program of a container, if it is a Node program (`--import` in NODE_OPTIONS), and provides what a container has and a
 * process does not: its own address (for listening on all addresses, and for outgoing connections), DNS names of Services, and mounts.
 */
import dns from 'node:dns';
import type { LookupAddress } from 'node:dns';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { gateVariable, settingsVariable } from './pod-settings.ts';
import type { PodSettings } from './pod-settings.ts';

/** If the kubelet is killed before the reaper knows a new process, no other process would kill it. */
function waitAtGate(): void {
  const gate = Number(process.env[gateVariable] ?? 0);
  // Child processes have other descriptors.
  Reflect.deleteProperty(process.env, gateVariable);
  if (gate === 0) return;
  if (fs.readSync(gate, Buffer.alloc(1)) === 0) process.exit();
  fs.closeSync(gate);
}
waitAtGate();

type Wrap = (original: (...args: unknown[]) => unknown) => (this: unknown, ...args: unknown[]) => unknown;

const settings: PodSettings = JSON.parse(process.env[settingsVariable] ?? 'null');

/** Named imports see it after the exports are synchronised. Properties of the function, such as its form for promisify, stay. */
function wrap(owner: object, name: string, around: Wrap): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') return;
  const wrapped = around(function callOriginal(this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(original, this, args);
  });
  Reflect.set(owner, name, Object.setPrototypeOf(wrapped, original));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isPort = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));

/** Converts `(port, host?, …)` to `({ port, host }, …)`; a path or a handle stays. */
function asOptions([first, second, ...rest]: unknown[]): [unknown, ...unknown[]] {
  if (!isPort(first) && first !== undefined && typeof first !== 'function') return [first, second, ...rest];
  const callbacks = [first, second, ...rest].filter((argument) => typeof argument === 'function');
  return [{ port: isPort(first) ? first : 0, ...(typeof second === 'string' && { host: second }) }, ...callbacks];
}

const wildcards = new Set<unknown>([undefined, null, '', '0.0.0.0', '::']);

const onPodAddress = (options: unknown): unknown =>
  isObject(options) && 'port' in options && wildcards.has(options['host'])
    ? { ...options, host: settings.address, ipv6Only: false }
    : options;

/** A loopback address can reach only loopback addresses; names are resolved to IPv4. */
function fromPodAddress(options: unknown): unknown {
  if (!isObject(options) || !isPort(options['port']) || options['localAddress']) return options;
  const host = options['host'] ?? 'localhost';
  if (typeof host !== 'string' || (net.isIP(host) !== 0 && !host.startsWith('127.'))) return options;
  return { ...options, localAddress: settings.address, family: 4 };
}

wrap(
  net.Server.prototype,
  'listen',
  (original) =>
    function listen(this: unknown, ...args) {
      const [options, ...rest] = asOptions(args);
      return original.call(this, onPodAddress(options), ...rest);
    },
);

wrap(
  net.Socket.prototype,
  'connect',
  (original) =>
    function connect(this: unknown, ...args) {
      const [first, ...rest] = args;
      // net.connect passes normalized arguments: an array of options and callback, marked by a symbol.
      if (Array.isArray(first)) first[0] = fromPodAddress(first[0]);
      if (Array.isArray(first)) return original.call(this, first, ...rest);
      const [options, ...callbacks] = asOptions(args);
      return original.call(this, fromPodAddress(options), ...callbacks);
    },
);

/** Returns undefined if it is not a name of the cluster. */
function addressesOf(host: unknown): LookupAddress[] | undefined {
  if (typeof host !== 'string' || net.isIP(host)) return undefined;
  const bare = host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/\.svc(\.cluster\.local)?$/, '');
  const isService = bare.length < host.replace(/\.$/, '').length;
  const names: unknown = JSON.parse(fs.readFileSync(settings.namesFile, 'utf8'));
  const found: unknown = isObject(names)
    ? names[bare.includes('.') ? bare : `${bare}.${settings.namespace}`]
    : undefined;
  if (Array.isArray(found) && found.length > 0) {
    return found.map((address) => ({ address: String(address), family: 4 }));
  }
  return isService ? [] : undefined;
}

const notFound = (host: unknown): Error =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${String(host)}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: host,
  });

const wantsAll = (options: unknown): boolean => isObject(options) && options['all'] === true;

wrap(
  dns,
  'lookup',
  (original) =>
    function lookup(this: unknown, ...args) {
      const [host, options] = args;
      const callback = args.at(-1);
      const found = addressesOf(host);
      if (!found || typeof callback !== 'function') return original.apply(this, args);
      const [first] = found;
      const result: unknown[] = first
        ? [null, ...(wantsAll(options) ? [found] : [first.address, first.family])]
        : [notFound(host)];
      process.nextTick(() => Reflect.apply(callback, undefined, result));
      return {};
    },
);

wrap(
  dns.promises,
  'lookup',
  (original) =>
    async function lookup(this: unknown, ...args) {
      const [host, options] = args;
      const found = addressesOf(host);
      if (!found) return original.apply(this, args);
      if (found.length === 0) throw notFound(host);
      return wantsAll(options) ? found : found[0];
    },
);

function onMachine(path: unknown): unknown {
  if (typeof path !== 'string') return path;
  const mount = settings.mounts.find((candidate) => path === candidate.path || path.startsWith(`${candidate.path}/`));
  return mount ? mount.folder + path.slice(mount.path.length) : path;
}

const onePath =
  `access appendFile chmod createReadStream createWriteStream exists lstat mkdir mkdtemp open opendir readFile readdir readlink realpath
  rm rmdir stat statfs truncate unlink unwatchFile utimes watch watchFile writeFile`.split(/\s+/);
const twoPaths = ['copyFile', 'cp', 'link', 'rename', 'symlink'];

function mapPaths(name: string, paths: number): void {
  const around: Wrap = (original) =>
    function onMappedPaths(this: unknown, ...args) {
      return original.apply(
        this,
        args.map((argument, index) => (index < paths ? onMachine(argument) : argument)),
      );
    };
  for (const [owner, form] of [
    [fs, name],
    [fs, `${name}Sync`],
    [fs.promises, name],
  ] as const) {
    wrap(owner, form, around);
  }
}

for (const name of onePath) mapPaths(name, 1);
for (const name of twoPaths) mapPaths(name, 2);
syncBuiltinESMExports();
