/**
 * The ports whose connections are encrypted, and their listeners by server name.
 *
 *     ClientHello ──server name──► the most specific listener of the port ──► its certificate
 *                                  none: the handshake ends with an alert
 */
import { hostMap, type HostMap } from '../../core/routing/hostnames.ts';
import type { Logger } from '../../platform/log.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { loadCertificates, type LoadedCertificate, type LoadedCertificates } from './certificates.ts';
import { listenerCertificates, type ListenerCertificates } from './listener-certificates.ts';

/** One object for each host name of a port, as long as the table has it. */
export type TlsListener = {
  readonly hostname: string;
  certificates: ListenerCertificates;
};

export type TlsPort = {
  /** Another object after a change of the port's listeners. */
  listeners: HostMap<TlsListener>;
};

export type TlsConfig = Pick<RoutingTable, 'listeners' | 'certificates'>;

export interface Termination {
  /** Returns undefined if the connections of the port are not encrypted. */
  port(listenerPort: number): TlsPort | undefined;
  configure(config: TlsConfig): void;
}

const none: NonNullable<TlsConfig['certificates']> = {};

export function createTermination(log: Pick<Logger, 'error'>): Termination {
  const ports = new Map<number, TlsPort>();
  let loaded: LoadedCertificates = new Map();
  let applied: TlsConfig | undefined;

  return {
    port: (listenerPort) => ports.get(listenerPort),
    configure(config) {
      const { listeners, certificates = none } = config;
      if (applied?.listeners === listeners && (applied.certificates ?? none) === certificates) return;
      applied = config;
      loaded = loadCertificates(certificates, loaded, log);
      const wanted = byPort(config, loaded);
      for (const port of ports.keys()) if (!wanted.has(port)) ports.delete(port);
      for (const [port, certificatesOf] of wanted) {
        const known = ports.get(port);
        const next = compile(certificatesOf, known?.listeners);
        if (known === undefined) ports.set(port, { listeners: next });
        else known.listeners = next;
      }
    },
  };
}

type CertificatesByHost = Map<string, readonly LoadedCertificate[]>;

/** A port with one HTTPS listener has no plain ones: a client must never get an answer in the clear where the table demands TLS. */
function byPort({ listeners }: TlsConfig, loaded: LoadedCertificates): Map<number, CertificatesByHost> {
  const ports = new Map<number, CertificatesByHost>();
  for (const listener of listeners) {
    if (listener.protocol !== 'HTTPS') continue;
    const hosts: CertificatesByHost = ports.get(listener.port) ?? new Map();
    ports.set(listener.port, hosts);
    hosts.set(
      listener.hostname ?? '',
      listener.certificates.flatMap((name) => loaded.get(name) ?? []),
    );
  }
  return ports;
}

/** A listener that a port keeps is the same object, with other certificates if they have changed. */
function compile(wanted: CertificatesByHost, before: HostMap<TlsListener> | undefined): HostMap<TlsListener> {
  const listeners = hostMap<TlsListener>();
  for (const [hostname, all] of wanted) {
    const known = before?.get(hostname);
    const certificates =
      known && isSameList(known.certificates.all, all) ? known.certificates : listenerCertificates(all);
    const listener = known ?? { hostname, certificates };
    listener.certificates = certificates;
    listeners.set(hostname, listener);
  }
  return listeners;
}

const isSameList = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);
