/**
 * Server-side apply of owned objects: once after a start, and again only when the wanted object or the observed one
 * changed. An idle operator writes nothing.
 */
import type { KubeObject, ObjectRef, ObjectWriter, Resource } from '../../kube/ports.ts';
import { fingerprintOf } from '../gather/owned.ts';

export interface OwnedObjects {
  /** Applies the object unless it is up to date. Throws the AppError of a refused write. */
  ensure(resource: Resource, object: KubeObject): Promise<void>;
  /** The object was deleted. */
  forget(object: Pick<KubeObject, 'kind' | 'metadata'>): void;
}

const keyOf = ({ kind, metadata: { namespace = '', name } }: Pick<KubeObject, 'kind' | 'metadata'>): string =>
  `${kind}/${namespace}/${name}`;

/** `observed`: the fingerprint of the cached object, or undefined if there is none. */
export function createOwnedObjects(
  writer: ObjectWriter,
  observed: (resource: Resource, ref: ObjectRef) => string | undefined,
): OwnedObjects {
  /** What was wanted at the last apply, and the fingerprint of the result. */
  const applied = new Map<string, { wanted: string; fingerprint: string }>();

  return {
    async ensure(resource, object) {
      const key = keyOf(object);
      const wanted = JSON.stringify(object);
      const before = applied.get(key);
      if (before?.wanted === wanted && before.fingerprint === observed(resource, object.metadata)) return;
      const result = await writer.apply(resource, object);
      applied.set(key, { wanted, fingerprint: fingerprintOf(result) });
    },
    forget: (object) => void applied.delete(keyOf(object)),
  };
}
