/** A cache of objects by kind and namespace. The first read of a kind starts its watch. */
import type { KubeObject, ObjectReader, ObjectRef, Resource } from '../../../src/kube/ports.ts';
import { createReflector, type Reflector } from '../../../src/kube/watch/reflector.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import type { Logger } from '../../../src/platform/log.ts';

export interface Informer {
  /** Also undefined until the first list has arrived. */
  get(resource: Resource, ref: ObjectRef & { namespace: string }): KubeObject | undefined;
  list(resource: Resource, namespace: string): readonly KubeObject[];
  stop(): Promise<void>;
}

export function createInformer(reader: ObjectReader, tools: { clock: Clock; logger: Logger }): Informer {
  const reflectors = new Map<string, Reflector>();

  function reflectorOf(resource: Resource, namespace: string): Reflector {
    const key = `${resource.plural}.${resource.group}/${namespace}`;
    const known = reflectors.get(key);
    if (known) return known;
    const select = { fieldSelector: `metadata.namespace=${namespace}` };
    const reflector = createReflector({ ...tools, reader, resource, select, random: Math.random });
    reflectors.set(key, reflector);
    reflector.start();
    return reflector;
  }

  return {
    get: (resource, ref) => reflectorOf(resource, ref.namespace).get(ref),
    list: (resource, namespace) => reflectorOf(resource, namespace).list(),
    async stop() {
      await Promise.all([...reflectors.values()].map((reflector) => reflector.stop()));
    },
  };
}
