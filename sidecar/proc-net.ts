/**
 * Reads the kernel's lists of TCP connections, /proc/net/tcp and tcp6, which every process sees for its own network namespace. A line (Documentation/networking/proc_net_tcp.rst of Linux), 150 bytes with padding:
 *
 *       0: 0100007F:1F90 0200000A:9C40 01 00000000:00000000 …
 *      number  local      remote      state, of which 01 is ESTABLISHED
 *
 * The file is streamed and never in memory as a whole. During the read, connections open and close, and one may be missed or seen twice.
 * Therefore one zero is not enough: the quiet period consists of many.
 */
import { createReadStream } from 'node:fs';
import { endianness } from 'node:os';

/** Hexadecimal, in the kernel's format: equal strings are equal addresses. */
export type Connection = { local: string; remote: string; localPort: string; remotePort: string };

/** Visits every established connection whose local port is one of `ports`. Throws if the file is unreadable or not such a list. */
export async function visitConnections(
  file: string,
  ports: ReadonlySet<string>,
  visit: (connection: Connection) => void,
): Promise<void> {
  let isHeader = true;
  await visitLines(file, (line) => {
    if (isHeader && !line.includes('local_address')) throw new Error(`${file} is not a list of connections`);
    const connection = isHeader ? undefined : parseLine(line, ports);
    isHeader = false;
    if (connection) visit(connection);
  });
  if (isHeader) throw new Error(`${file} is empty`);
}

/** A callback instead of a generator: awaiting each of 50,000 lines takes longer than reading them. */
async function visitLines(file: string, visit: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'latin1' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) visit(line);
  }
  if (rest !== '') visit(rest);
}

const established = '01';

/** By positions, not by a pattern: there may be 50,000 lines four times a second. */
function parseLine(line: string, ports: ReadonlySet<string>): Connection | undefined {
  const start = line.indexOf(': ') + 2;
  const width = line.indexOf(':', start) - start;
  if (start === 1 || (width !== 8 && width !== 32)) throw new Error('a line of the list of connections is invalid');
  const remote = start + width + 6;
  const state = remote + width + 6;
  const localPort = line.slice(start + width + 1, start + width + 5);
  if (line.slice(state, state + 2) !== established || !ports.has(localPort)) return undefined;
  return {
    local: line.slice(start, start + width),
    localPort,
    remote: line.slice(remote, remote + width),
    remotePort: line.slice(remote + width + 1, remote + width + 5),
  };
}

/** Returns a port in the kernel's format. */
export const formatPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

const isLittleEndian = endianness() === 'LE';
const mappedPrefix = `${'0'.repeat(20)}FFFF`;

/**
 * Returns an address in the digits of `platform/cidr.ts`: the kernel writes words of 32 bits in the byte order of the machine.
 * An address in ::ffff:0:0/96 reached a socket for both families, and is an IPv4 address.
 */
export function fromKernel(words: string): string {
  const hex = isLittleEndian ? words.replaceAll(/(..)(..)(..)(..)/g, '$4$3$2$1') : words;
  return hex.startsWith(mappedPrefix) && hex.length === 32 ? hex.slice(24) : hex;
}

/**
 * Returns the next hops of the default routes from /proc/net/route and ipv6_route, in the digits of `platform/cidr.ts`. An unreadable file has
 * none: the kernel lacks IPv6.
 */
export async function readGateways(folder: string): Promise<string[]> {
  const gateways: string[] = [];
  const visit = (file: string, parse: (line: string) => string | undefined) =>
    visitLines(`${folder}/${file}`, (line) => {
      const gateway = parse(line);
      if (gateway) gateways.push(gateway);
    }).catch(() => undefined);
  await visit('route', parseRoute);
  await visit('ipv6_route', parseIpv6Route);
  return gateways;
}

function parseRoute(line: string): string | undefined {
  const [, destination, gateway = ''] = line.split(/\s+/);
  return destination === '00000000' && gateway !== destination ? fromKernel(gateway) : undefined;
}

/** Unlike the other files, this one is in network byte order. */
function parseIpv6Route(line: string): string | undefined {
  const [destination = '', prefix, , , gateway = ''] = line.split(' ');
  return isZero(destination) && prefix === '00' && !isZero(gateway) ? gateway.toUpperCase() : undefined;
}

const isZero = (hex: string): boolean => /^0+$/.test(hex);
