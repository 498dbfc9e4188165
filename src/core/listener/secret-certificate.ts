/** A reference to a certificate in a Secret of type kubernetes.io/tls, and why it cannot be used. */
import { isPermitted, type Grants } from '../resolve/reference-grants.ts';
import type { CertificateRef, TlsSecret } from '../snapshot/snapshot.ts';
import { loadCertificate, type LoadedCertificate } from './certificate.ts';
import type { ListenerSource } from './listener.ts';

export type SecretLookup = {
  /** By the namespace that they are in. */
  grants: Grants;
  /** Secrets of type kubernetes.io/tls by `namespace/name`; absent if they cannot be read. */
  secrets?: ReadonlyMap<string, TlsSecret>;
  /** Namespaces whose Secrets cannot be read; absent: none. */
  refusedSecrets?: ReadonlySet<string>;
};

/** `at`: the field of the reference. `from`: the object that has it. */
export type SecretReferrer = { at: string; from: ListenerSource };

export type ReadCertificate =
  | { certificate: LoadedCertificate }
  | { problem: 'RefNotPermitted' | 'Invalid'; message: string };

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the Secret exists. */
export function readCertificate(
  ref: CertificateRef,
  { at, from }: SecretReferrer,
  { grants, secrets, refusedSecrets }: SecretLookup,
): ReadCertificate {
  const { group, kind, namespace, name } = ref;
  const key = `${namespace}/${name}`;
  const invalid = (message: string): ReadCertificate => ({ problem: 'Invalid', message: `${at}: ${message}` });
  if (group !== '' || kind !== 'Secret') {
    return invalid(`${kind}${group && `.${group}`} ${name} is not supported: use a Secret.`);
  }
  const referrer = { group: 'gateway.networking.k8s.io', kind: from.kind, namespace: from.namespace };
  if (!isPermitted(referrer, ref, grants)) {
    const message =
      `${at}: no ReferenceGrant in namespace ${namespace} permits ${from.kind}s of namespace ${from.namespace} ` +
      `to refer to Secret ${name}: create one there.`;
    return { problem: 'RefNotPermitted', message };
  }
  if (secrets === undefined || refusedSecrets?.has(namespace)) {
    const where = secrets === undefined ? '' : ` in namespace ${namespace} by a RoleBinding`;
    return invalid(`the operator cannot read Secret ${key}: grant it list and watch on Secrets${where}.`);
  }
  const secret = secrets.get(key);
  if (secret === undefined) return invalid(`Secret ${key} of type kubernetes.io/tls does not exist: create it.`);
  const loaded = loadCertificate(secret);
  if ('certificate' in loaded) return loaded;
  return invalid(`Secret ${key}: ${loaded.problem}: replace the certificate and its key.`);
}
