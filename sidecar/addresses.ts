/**
 * The addresses of the operator: those to which its name resolves, and those that injection wrote into the pod. A pod with dnsPolicy
 * Default or None, or on the network of its node, cannot resolve the name of a Service; the name is tried nevertheless, because the
 * operator may have got other addresses since.
 */
import { lookup } from 'node:dns/promises';

export type AddressPorts = {
  /** Resolves with all addresses of a name. */
  lookUp: (host: string) => Promise<string[]>;
  /** Fallback addresses. */
  known: readonly string[];
  /** How long a look-up may take before the fallback addresses are tried. */
  patienceMs: number;
};

export async function lookUpAll(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

/** Returns a function that resolves with at least one address, or rejects. */
export function createAddressBook({ lookUp, known, patienceMs }: AddressPorts): (host: string) => Promise<string[]> {
  // One at a time: a name server that does not respond holds a thread of the few that also read files.
  let running: Promise<string[]> | undefined;

  return async (host) => {
    running ??= lookUp(host).finally(() => (running = undefined));
    if (known.length === 0) return running;
    const found = await within(running, patienceMs);
    return [...new Set([...found, ...known])];
  };
}

/** Resolves with an empty list if the look-up fails or takes too long. */
function within(look: Promise<string[]>, patienceMs: number): Promise<string[]> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs, []);
    void look
      .catch(() => [])
      .then(resolve)
      .finally(() => {
        clearTimeout(timer);
      });
  });
}
