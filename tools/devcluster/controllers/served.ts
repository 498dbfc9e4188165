/** All kinds that the API serves, those of CustomResourceDefinitions as they come and go. */
import type { Resource } from '../../../src/kube/ports.ts';
import { customResourceDefinitions } from '../../../src/kube/resources.ts';
import type { ClusterApi, ClusterChange } from '../cluster-api.ts';

/** What is served at the moment. */
export type ServedResources = () => readonly Resource[];

/** The served kind that an owner reference names. */
export function findResource(
  served: readonly Resource[],
  { apiVersion, kind }: { apiVersion: string; kind: string },
): Resource | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return served.find((candidate) => candidate.group === group && candidate.kind === kind);
}

/** One version of each kind: objects are the same in all. */
export function distinctResources(served: readonly Resource[]): Resource[] {
  return [...new Map(served.map((resource) => [`${resource.plural}.${resource.group}`, resource])).values()];
}

/** Observes every kind. Answers what ends it. */
export function observeServed(
  { api, served }: { api: ClusterApi; served: ServedResources },
  onChange: (resource: Resource, change: ClusterChange) => void,
): () => void {
  const ends = new Map<string, () => void>();

  function follow(): void {
    const now = new Map(
      distinctResources(served()).map((resource) => [`${resource.plural}.${resource.group}`, resource]),
    );
    for (const [name, end] of ends) {
      if (now.has(name)) continue;
      end();
      ends.delete(name);
    }
    for (const [name, resource] of now) {
      if (ends.has(name)) continue;
      ends.set(
        name,
        api.observe(resource, (change) => {
          onChange(resource, change);
        }),
      );
    }
  }

  follow();
  // After the change is through: only then is the new kind served.
  const endFollowing = api.observe(customResourceDefinitions, () => {
    queueMicrotask(() => {
      if (ends.size > 0) follow();
    });
  });
  return () => {
    endFollowing();
    for (const end of ends.values()) end();
    ends.clear();
  };
}
