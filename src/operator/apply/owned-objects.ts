/**
 * Server-side apply of what we own: once after a start, and again only when what we want changed or somebody changed what
 * is there. An operator with nothing to do writes nothing.
 */
import type { KubeObject, ObjectRef, ObjectWriter, Resource } from '../../kube/ports.ts';
import { fingerprintOf } from '../gather/owned.ts';

export interface OwnedObjects {
  /** Makes the object what we want it to be. Throws the AppError of a write that was refused. */
  ensure(resource: Resource, object: KubeObject): Promise<void>;
}

/** `observed`: the fingerprint of the object in the cache, undefined where it is not there. */
export function createOwnedObjects(
  writer: ObjectWriter,
  observed: (resource: Resource, ref: ObjectRef) => string | undefined,
): OwnedObjects {
  /** What was wanted at the last apply, and the fingerprint of what came of it. */
  const applied = new Map<string, { wanted: string; fingerprint: string }>();

  return {
    async ensure(resource, object) {
      const { namespace = '', name } = object.metadata;
      const key = `${resource.plural}.${resource.group}/${namespace}/${name}`;
      const wanted = JSON.stringify(object);
      const before = applied.get(key);
      if (before?.wanted === wanted && before.fingerprint === observed(resource, object.metadata)) return;
      const result = await writer.apply(resource, object);
      applied.set(key, { wanted, fingerprint: fingerprintOf(result) });
    },
  };
}
