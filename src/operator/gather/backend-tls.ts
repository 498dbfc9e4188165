/** BackendTLSPolicies, and the ConfigMaps with the certificates that they trust. */
import type { BackendTlsPolicy, CaBundle } from '../../core/snapshot/backend-tls.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { projectWithStatus, type CachedWithStatus } from './owned.ts';
import { identityOf } from './pods.ts';

export const backendTlsDefinition = 'backendtlspolicies.gateway.networking.k8s.io';

export type CachedBackendTlsPolicy = CachedWithStatus & { policy: BackendTlsPolicy };
export type CachedCaBundle = KubeObject & { bundle: CaBundle };

/** Go may write an empty list as null. */
type List<T> = readonly T[] | null;

type LivePolicy = KubeObject & {
  spec?: {
    targetRefs?: List<{ group?: string; kind?: string; name: string; sectionName?: string }>;
    validation?: {
      caCertificateRefs?: List<{ group?: string; kind?: string; name: string }>;
      wellKnownCACertificates?: string;
      hostname?: string;
      subjectAltNames?: List<{ type: string; hostname?: string; uri?: string }>;
    };
    options?: Record<string, string>;
  };
};

export function projectBackendTlsPolicy(object: KubeObject): CachedBackendTlsPolicy {
  const { metadata, spec = {} } = object as LivePolicy;
  const { namespace = '', name, uid = '', generation = 0, creationTimestamp = '' } = metadata;
  return {
    ...projectWithStatus(object),
    policy: {
      namespace,
      name,
      uid,
      generation,
      createdAt: creationTimestamp,
      targets: (spec.targetRefs ?? []).map(readTarget),
      ...readValidation(spec.validation ?? {}),
      options: Object.keys(spec.options ?? {}),
    },
  };
}

type LiveSpec = NonNullable<LivePolicy['spec']>;

const readTarget = ({
  group = '',
  kind = '',
  name,
  sectionName = '',
}: NonNullable<LiveSpec['targetRefs']>[number]): BackendTlsPolicy['targets'][number] => ({
  group,
  kind,
  name,
  ...(sectionName !== '' && { port: sectionName }),
});

const readValidation = ({
  wellKnownCACertificates = '',
  caCertificateRefs,
  hostname = '',
  subjectAltNames,
}: NonNullable<LiveSpec['validation']>): Pick<
  BackendTlsPolicy,
  'authorities' | 'wellKnownAuthorities' | 'hostname' | 'subjectAltNames'
> => ({
  authorities: (caCertificateRefs ?? []).map(({ group = '', kind = '', name }) => ({ group, kind, name })),
  ...(wellKnownCACertificates !== '' && { wellKnownAuthorities: wellKnownCACertificates }),
  hostname,
  subjectAltNames: [...(subjectAltNames ?? [])],
});

/** Keeps one value only: clusters have many ConfigMaps, and large ones. */
export function projectCaBundle(object: KubeObject): CachedCaBundle {
  const { apiVersion, kind, metadata, data } = object as KubeObject & { data?: Record<string, string> | null };
  const { namespace = '', name } = metadata;
  const pem = data?.['ca.crt'];
  return {
    apiVersion,
    kind,
    metadata: identityOf(metadata),
    bundle: { namespace, name, ...(pem !== undefined && { pem }) },
  };
}
