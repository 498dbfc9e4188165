/** Whose certificates a listener accepts of its clients: `spec.tls.frontend` of its Gateway (Gateway API, GEP-91). */
import type { ClientCertificates } from '../../wire/routing-table.ts';
import { readBundle, type CaBundles } from '../backend-tls/authorities.ts';
import { isPermitted, type Grants } from '../resolve/reference-grants.ts';
import type { CertificateRef, ClientRule, ClientValidation } from '../snapshot/snapshot.ts';
import { noValidAuthority, type ListenerProblem, type ListenerSource } from './listener.ts';

/** `namespace`: that of the Gateway, which refers to the authorities also of listeners of its ListenerSets. */
export type Frontend = { namespace: string; validation: ClientValidation };

export type AuthorityLookup = {
  /** By the namespace that they are in. */
  grants: Grants;
  /** Absent if no ConfigMaps are read. */
  bundles?: CaBundles;
};

type Problem = Omit<ListenerProblem, 'about'>;

/** `accepted`: absent if the listener must be refused, with `refusal`. `failures`: references that do not resolve. */
export type ResolvedClients = {
  accepted?: ClientCertificates;
  refusal?: Problem;
  failures: readonly Problem[];
};

/** Returns undefined if clients of the port need no certificate. */
export function resolveClientCertificates(
  { namespace, validation }: Frontend,
  port: number,
  lookup: AuthorityLookup,
): ResolvedClients | undefined {
  const own = validation.ports.find((one) => one.port === port);
  // An entry of a port without validation turns off that of the others.
  const rule = own === undefined ? validation.byDefault : own.rule;
  if (rule === undefined) return undefined;
  const read = rule.authorities.map((ref, index) =>
    readAuthority(ref, { at: fieldOf(rule, index), namespace, lookup }),
  );
  const pem = read.flatMap((one) => ('pem' in one ? [one.pem] : []));
  const failures = read.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (pem.length === 0) return { failures, refusal: refusalOf(port) };
  // A mode that is not known must not open the listener.
  const mode = rule.mode === 'AllowInsecureFallback' ? 'Optional' : 'Required';
  return { failures, accepted: { mode, authorities: pem.join('\n') } };
}

const refusalOf = (port: number): Problem => ({
  reason: noValidAuthority,
  message: `Clients of port ${port} need certificates (spec.tls.frontend of the Gateway), and no reference to their authorities is valid: see ResolvedRefs.`,
});

const fieldOf = ({ field }: ClientRule, index: number): string => `${field}.validation.caCertificateRefs[${index}]`;

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the ConfigMap exists. */
function readAuthority(
  ref: CertificateRef,
  { at, namespace, lookup }: { at: string; namespace: string; lookup: AuthorityLookup },
): { pem: string } | { problem: Problem } {
  const { group, kind, name } = ref;
  if (group !== '' || kind !== 'ConfigMap') {
    const message = `${at}: ${group === '' ? kind : `${group}/${kind}`} is not supported: refer to a ConfigMap.`;
    return { problem: { reason: 'InvalidCACertificateKind', message } };
  }
  const referrer = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace };
  if (!isPermitted(referrer, ref, lookup.grants)) {
    const message =
      `${at}: no ReferenceGrant in namespace ${ref.namespace} permits Gateways of namespace ${namespace} to refer to ` +
      `ConfigMap ${name}: create one there.`;
    return { problem: { reason: 'RefNotPermitted', message } };
  }
  if (lookup.bundles === undefined) {
    const message = `${at}: ConfigMaps are not read: install the definition of BackendTLSPolicy, and grant the operator list and watch on ConfigMaps.`;
    return { problem: { reason: 'InvalidCACertificateRef', message } };
  }
  return readBundle(`${ref.namespace}/${name}`, at, lookup.bundles);
}

/** What the owner of a listener may know of the references of the Gateway: their names only in its own namespace. */
export const failuresFor = (
  from: ListenerSource,
  { namespace }: Pick<Frontend, 'namespace'>,
  failures: readonly Problem[],
): readonly Problem[] =>
  from.namespace === namespace
    ? failures
    : failures.slice(0, 1).map(({ reason }) => ({
        reason,
        message: 'A reference in spec.tls.frontend of the Gateway is not valid: ask its owner.',
      }));
