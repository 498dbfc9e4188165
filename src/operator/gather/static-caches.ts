/** Caches of objects that do not change, instead of watches. */
import type { KubeObject, ListOptions, ObjectRef } from '../../kube/ports.ts';
import type { Caches } from './caches.ts';
import { entriesOf, everyKind, type CacheContents, type CacheName, type Watched } from './watched.ts';

export function createStaticCaches(objects: readonly KubeObject[]): Caches {
  const lists = new Map<CacheName, KubeObject[]>(
    entriesOf(everyKind).map(([name, watched]) => [name, objects.filter(isOf(watched)).map(watched.project ?? same)]),
  );
  const list = <Name extends CacheName>(name: Name) => (lists.get(name) ?? []) as CacheContents[Name][];
  return {
    get: <Name extends CacheName>(name: Name, ref: ObjectRef) => list(name).find(isNamed(ref)),
    list,
    gatewayApi: () => list('definitions')[0]?.gatewayApi ?? installed,
    isRead: () => true,
    refusedIn: () => [],
    faults: () => [],
    unread: () => [],
    onChange: () => () => undefined,
    onStatus: () => () => undefined,
    synced: Promise.resolve(),
    revision: () => '0',
    staleMs: () => 0,
    start: () => undefined,
    stop: () => Promise.resolve(),
  };
}

/** What files need not contain. */
const installed = { installed: true, sessionPersistence: 'B', bundleVersion: 'v1.6.0' } as const;

const same = (object: KubeObject): KubeObject => object;

const isNamed =
  ({ namespace = '', name }: ObjectRef) =>
  ({ metadata }: KubeObject): boolean =>
    metadata.name === name && (metadata.namespace ?? '') === namespace;

/** Every version of a kind has what is read of it. */
const isOf =
  ({ resource, select }: Watched) =>
  (object: KubeObject): boolean =>
    object.kind === resource.kind && groupOf(object) === resource.group && isSelected(object, select);

export const groupOf = ({ apiVersion }: Pick<KubeObject, 'apiVersion'>): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

function isSelected(object: KubeObject, { labelSelector, fieldSelector }: ListOptions = {}): boolean {
  const labels = object.metadata.labels ?? {};
  return (
    requirementsOf(labelSelector).every(([key, value]) => labels[key] === value) &&
    requirementsOf(fieldSelector).every(([path, value]) => valueAt(object, path.split('.')) === value)
  );
}

const requirementsOf = (selector: string | undefined): [string, string][] =>
  (selector ?? '')
    .split(',')
    .filter((requirement) => requirement !== '')
    .map((requirement) => {
      const [key = '', value = ''] = requirement.split('=');
      return [key, value];
    });

const valueAt = (object: unknown, [first, ...rest]: readonly string[]): unknown => {
  if (first === undefined) return object;
  return typeof object === 'object' && object !== null ? valueAt(Reflect.get(object, first), rest) : undefined;
};
