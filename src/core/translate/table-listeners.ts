/** The listeners of a routing table, and the certificates that they present. */
import type { LoadedCertificate } from '../listener/certificate.ts';
import type { JudgedListener } from '../listener/listener.ts';
import type { Certificate, Listener } from '../../wire/routing-table.ts';

export function buildListener(listener: JudgedListener): Listener {
  const { id, port, protocol, hostname, certificates, clientCertificates } = listener;
  const place = { port, ...(hostname !== undefined && { hostname }) };
  if (protocol !== 'HTTPS') return { name: id, protocol: 'HTTP', ...place };
  return {
    name: id,
    protocol: 'HTTPS',
    ...place,
    certificates: certificates.map(({ name }) => name),
    ...(clientCertificates && { clientCertificates }),
  };
}

/** Only those that the Gateway presents: a proxy has the keys of no other Gateway. Undefined if there are none. */
export function buildCertificates(used: readonly LoadedCertificate[]): Record<string, Certificate> | undefined {
  if (used.length === 0) return undefined;
  const sorted = used.toSorted((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
  return Object.fromEntries(sorted.map(({ name, chain, key }) => [name, { chain, key }]));
}
