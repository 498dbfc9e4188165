/** Which certificates of a listener a client gets. */
import type { SecureContext } from 'node:tls';
import type { LoadedCertificate } from './certificates.ts';
import { serverContext } from './secure-context.ts';

export interface ListenerCertificates {
  readonly all: readonly LoadedCertificate[];
  /** Returns undefined if there is no certificate. `serverName`: empty for a client that sends none. */
  contextFor(serverName: string): SecureContext | undefined;
}

/** For a name, the certificates with that name, or all if none has it: then the client, not the proxy, says what is wrong. */
export function listenerCertificates(all: readonly LoadedCertificate[]): ListenerCertificates {
  const [first, second] = all;
  if (second === undefined) {
    return { all, contextFor: () => first?.context };
  }
  const contexts = new Map<string, SecureContext>();
  return {
    all,
    contextFor(serverName) {
      const chosen = firstOfEachType(withName(all, serverName));
      const key = chosen.map((certificate) => all.indexOf(certificate)).join();
      const known = contexts.get(key) ?? contextOf(chosen);
      contexts.set(key, known);
      return known;
    },
  };
}

function withName(all: readonly LoadedCertificate[], serverName: string): readonly LoadedCertificate[] {
  const named = serverName === '' ? [] : all.filter(({ leaf }) => leaf.checkHost(serverName) !== undefined);
  return named.length === 0 ? all : named;
}

/** The order of the listener decides between two of a type. */
const firstOfEachType = (certificates: readonly LoadedCertificate[]): readonly LoadedCertificate[] => [
  ...new Map(certificates.toReversed().map((certificate) => [certificate.keyType, certificate])).values(),
];

const contextOf = (certificates: readonly LoadedCertificate[]): SecureContext => {
  const [first, second] = certificates;
  if (first !== undefined && second === undefined) return first.context;
  return serverContext(certificates.map(({ source }) => source));
};
