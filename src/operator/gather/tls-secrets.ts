/** Secrets of type kubernetes.io/tls: the certificates of HTTPS listeners. */
import type { TlsSecret } from '../../core/snapshot/snapshot.ts';
import type { KubeObject, ListOptions } from '../../kube/ports.ts';
import { identityOf } from './pods.ts';

export const tlsSecretsOnly: ListOptions = { fieldSelector: 'type=kubernetes.io/tls' };

export type CachedTlsSecret = KubeObject & { secret: TlsSecret };

/** Keeps the two values only, neither labels nor annotations, which often repeat the whole object. */
export function projectTlsSecret(object: KubeObject): CachedTlsSecret {
  const { apiVersion, kind, metadata, data } = object as KubeObject & { data?: Record<string, string> | null };
  const read = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
  const { namespace = '', name } = metadata;
  const secret = { namespace, name, chain: read('tls.crt'), key: read('tls.key') };
  return { apiVersion, kind, metadata: identityOf(metadata), secret };
}
