/** What was looked at once is followed: reads are answered by what a watch has told last. */
import type { KubeObject, ObjectReader, ObjectRef, Resource } from '../../../src/kube/ports.ts';
import { createReflector, type Reflector } from '../../../src/kube/watch/reflector.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import type { Logger } from '../../../src/platform/log.ts';

export interface Informer {
  /** Undefined also while nothing was heard yet. */
  get(resource: Resource, ref: ObjectRef & { namespace: string }): KubeObject | undefined;
  list(resource: Resource, namespace: string): readonly KubeObject[];
  stop(): Promise<void>;
}

export function createInformer(reader: ObjectReader, tools: { clock: Clock; logger: Logger }): Informer {
  const followed = new Map<string, Reflector>();

  function follow(resource: Resource, namespace: string): Reflector {
    const key = `${resource.plural}.${resource.group}/${namespace}`;
    const known = followed.get(key);
    if (known) return known;
    const select = { fieldSelector: `metadata.namespace=${namespace}` };
    const reflector = createReflector({ ...tools, reader, resource, select, random: Math.random });
    followed.set(key, reflector);
    reflector.start();
    return reflector;
  }

  return {
    get: (resource, ref) => follow(resource, ref.namespace).get(ref),
    list: (resource, namespace) => follow(resource, namespace).list(),
    async stop() {
      await Promise.all([...followed.values()].map((reflector) => reflector.stop()));
    },
  };
}
