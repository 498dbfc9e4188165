/**
 * The ports whose connections are encrypted, and their listeners by server name.
 *
 *     ClientHello ──server name──► the most specific listener of the port ──► its certificate
 *                                  none: the handshake ends with an alert
 */
import { hostMap, type HostMap } from '../../core/routing/hostnames.ts';
import type { Logger } from '../../platform/log.ts';
import { describeError } from '../../platform/errors.ts';
import type { ClientCertificates, RoutingTable } from '../../wire/routing-table.ts';
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
  /** Increases with every change of the ports. */
  readonly version: number;
  configure(config: TlsConfig): void;
}

const none: NonNullable<TlsConfig['certificates']> = {};

type Log = Pick<Logger, 'error'>;

export function createTermination(log: Log): Termination {
  const ports = new Map<number, TlsPort>();
  let loaded: LoadedCertificates = new Map();
  let applied: TlsConfig | undefined;
  let version = 0;

  return {
    port: (listenerPort) => ports.get(listenerPort),
    get version() {
      return version;
    },
    configure(config) {
      const { listeners, certificates = none } = config;
      if (applied?.listeners === listeners && (applied.certificates ?? none) === certificates) return;
      applied = config;
      version += 1;
      loaded = loadCertificates(certificates, loaded, log);
      const wanted = byPort(config, loaded);
      for (const port of ports.keys()) if (!wanted.has(port)) ports.delete(port);
      for (const [port, hosts] of wanted) {
        const known = ports.get(port);
        const next = compile(hosts, known?.listeners, log);
        if (known === undefined) ports.set(port, { listeners: next });
        else known.listeners = next;
      }
    },
  };
}

type Wanted = { all: readonly LoadedCertificate[]; clients: ClientCertificates | undefined };
type WantedByHost = Map<string, Wanted>;

/** A port with one HTTPS listener has no plain ones: a client must never get an answer in the clear where the table demands TLS. */
function byPort({ listeners }: TlsConfig, loaded: LoadedCertificates): Map<number, WantedByHost> {
  const ports = new Map<number, WantedByHost>();
  for (const listener of listeners) {
    if (listener.protocol !== 'HTTPS') continue;
    const hosts: WantedByHost = ports.get(listener.port) ?? new Map();
    ports.set(listener.port, hosts);
    const all = listener.certificates.flatMap((name) => loaded.get(name) ?? []);
    hosts.set(listener.hostname ?? '', { all, clients: listener.clientCertificates });
  }
  return ports;
}

/** A listener that a port keeps is the same object, with other certificates if they have changed. */
function compile(wanted: WantedByHost, before: HostMap<TlsListener> | undefined, log: Log): HostMap<TlsListener> {
  const listeners = hostMap<TlsListener>();
  for (const [hostname, wantedOf] of wanted) {
    const known = before?.get(hostname);
    const isKnown =
      known !== undefined &&
      isSameList(known.certificates.all, wantedOf.all) &&
      isSameDemand(known.certificates.clients, wantedOf.clients);
    const certificates = isKnown ? known.certificates : certificatesOf(hostname, wantedOf, log);
    const listener = known ?? { hostname, certificates };
    listener.certificates = certificates;
    listeners.set(hostname, listener);
  }
  return listeners;
}

/** A listener whose clients cannot be verified has no handshakes: it must not be open to all of them. */
function certificatesOf(hostname: string, { all, clients }: Wanted, log: Log): ListenerCertificates {
  try {
    return listenerCertificates(all, clients);
  } catch (error) {
    log.error({ hostname, error: describeError(error) }, 'certificates of the authorities of clients cannot be used');
    return listenerCertificates([]);
  }
}

const isSameList = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);

const isSameDemand = (one: ClientCertificates | undefined, other: ClientCertificates | undefined): boolean =>
  one?.mode === other?.mode && one?.authorities === other?.authorities;
