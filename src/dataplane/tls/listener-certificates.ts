/** Which certificates of a listener a client gets, and what is demanded of its own. */
import type { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { ClientCertificates } from '../../wire/routing-table.ts';
import type { LoadedCertificate } from './certificates.ts';
import { serverContext } from './secure-context.ts';

export interface ListenerCertificates {
  readonly all: readonly LoadedCertificate[];
  /** Undefined: clients need no certificate. */
  readonly clients: ClientCertificates | undefined;
  /** Returns undefined if there is no certificate. `serverName`: empty for a client that sends none. */
  contextFor(serverName: string): SecureContext | undefined;
}

/**
 * For a name, the certificates with that name, or all if none has it: then the client, not the proxy, says what is wrong. Gateway API,
 * Listener.tls: of a name and a wildcard, the longest match, also if their keys are of different types. `clients`: what is
 * demanded of them; throws if their authorities cannot be used.
 */
export function listenerCertificates(
  all: readonly LoadedCertificate[],
  clients?: ClientCertificates,
): ListenerCertificates {
  if (clients !== undefined) serverContext([], clients);
  const [first, second] = all;
  if (second === undefined) {
    const context = first && contextOf([first], clients);
    return { all, clients, contextFor: () => context };
  }
  const contexts = new Map<string, SecureContext>();
  return {
    all,
    clients,
    contextFor(serverName) {
      const chosen = firstOfEachType(withName(all, serverName));
      const key = chosen.map((certificate) => all.indexOf(certificate)).join();
      const known = contexts.get(key) ?? contextOf(chosen, clients);
      contexts.set(key, known);
      return known;
    },
  };
}

function withName(all: readonly LoadedCertificate[], serverName: string): readonly LoadedCertificate[] {
  const lengths = all.map(({ leaf }) => (serverName === '' ? 0 : matchLength(leaf, serverName)));
  const longest = Math.max(...lengths);
  return all.filter((_, index) => lengths[index] === longest);
}

/** Of the name of the certificate that matches, longer than any wildcard if it is the name itself; 0 if none does. */
function matchLength(leaf: X509Certificate, serverName: string): number {
  if (leaf.checkHost(serverName, { wildcards: false }) !== undefined) return Number.POSITIVE_INFINITY;
  return leaf.checkHost(serverName)?.length ?? 0;
}

/** The order of the listener decides between two of a type. */
const firstOfEachType = (certificates: readonly LoadedCertificate[]): readonly LoadedCertificate[] => [
  ...new Map(certificates.toReversed().map((certificate) => [certificate.keyType, certificate])).values(),
];

function contextOf(certificates: readonly LoadedCertificate[], clients: ClientCertificates | undefined): SecureContext {
  const [first, second] = certificates;
  if (first !== undefined && second === undefined && clients === undefined) return first.context;
  const pairs = certificates.map(({ source }) => source);
  return serverContext(pairs, clients);
}
