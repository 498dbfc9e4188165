/** The reflectors of one replica: those that always run, and those that run while Gateway API is installed. */
import type { GatewayApi } from '../../core/snapshot/snapshot.ts';
import type { KubeObject, ObjectReader, ObjectRef } from '../../kube/ports.ts';
import type { Random } from '../../platform/backoff.ts';
import { withoutManagedFields, type Reflector } from '../../kube/watch/reflector.ts';
import type { Change } from '../../kube/watch/store.ts';
import { sleep, type Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { judgeChange, shareWith, type EventResult } from './changes.ts';
import type { CachedPod } from './pods.ts';
import { reflectNamespaces } from './reflect-namespaces.ts';
import {
  always,
  entriesOf,
  grantsOf,
  backendTlsPolicies,
  caBundles,
  grpcRoutes,
  listenerSets,
  tlsSecrets,
  trafficPolicies,
  withGatewayApi,
  xBackends,
  type CacheContents,
  type CacheName,
  type OptionalCacheName,
  type Watched,
} from './watched.ts';

export type ChangeListener = (name: CacheName, change: Change) => void;

/** `observe`: called for every change that a watch delivers, with the kind of its object. */
export type CacheOptions = {
  reader: ObjectReader;
  /** Those whose objects are read; absent: all. */
  namespaces?: readonly string[];
  /** Where the operator runs, and has its master keys. */
  operatorNamespace: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  observe: (kind: string, result: EventResult) => void;
};

export interface Caches {
  get<Name extends CacheName>(name: Name, ref: ObjectRef): CacheContents[Name] | undefined;
  list<Name extends CacheName>(name: Name): CacheContents[Name][];
  /** Installed only once all of its objects are read. */
  gatewayApi(): GatewayApi;
  /** Whether all objects of a kind are read; also true if there are none. */
  isRead(name: CacheName): boolean;
  /**
   * Calls the listener for changes of what is cached, without those of a status that Holdfast writes: an event whose projection is equal
   * wakes no listener. Returns a function that unsubscribes.
   */
  onChange(listener: ChangeListener): () => void;
  /** Calls the listener when only the status of an object has changed. Returns a function that unsubscribes. */
  onStatus(listener: (name: CacheName, object: KubeObject) => void): () => void;
  /** Resolves when every cache that always runs has its first list, and those of Gateway API too if it is installed completely. */
  readonly synced: Promise<void>;
  /** The newest resourceVersion of all caches, in decimal digits. */
  revision(): string;
  /** The time since the cache that is furthest behind last received anything from the API server. A cache whose kind is not served yet is not counted. */
  staleMs(): number;
  start(): void;
  stop(): Promise<void>;
}

// After an outage of the API server of a minute the watches must reconnect at once: drains wait for them.
const reconnect = { baseMs: 200, capMs: 2000 };

// A right to read that is left out is asked for again, and each time logged.
const patient = { baseMs: 200, capMs: 30_000 };

const gatewayApiTimeoutMs = 10_000;

/** Which kinds are watched depends on these. */
export const definitionCaches = [
  'definitions',
  'grantDefinitions',
  'listenerSetDefinitions',
  'backendTlsDefinitions',
  'grpcRouteDefinitions',
  'trafficPolicyDefinitions',
  'xBackendDefinitions',
] as const satisfies CacheName[];

export function createCaches(options: CacheOptions): Caches {
  const listeners = new Set<ChangeListener>();
  const statusListeners = new Set<(name: CacheName, object: KubeObject) => void>();
  const running = new Map<CacheName, Reflector>();

  function notify(name: CacheName, change: Change): void {
    for (const listener of listeners) listener(name, change);
  }

  function open(
    name: CacheName,
    { resource, select, project = withoutManagedFields }: Watched,
    backoff = reconnect,
  ): Reflector {
    const reflector = reflectNamespaces(options.namespaces, {
      ...options,
      resource,
      backoff,
      ...(select && { select }),
      project: (object) => {
        const previous = reflector.get(object.metadata);
        try {
          return shareWith(previous, project(object));
        } catch (error) {
          const { namespace, name } = object.metadata;
          options.observe(resource.kind, 'Unreadable');
          options.logger.error(
            { kind: resource.kind, namespace, name, error: describeError(error) },
            'object not read',
          );
          return previous;
        }
      },
    });
    reflector.onChange((change) => {
      const result = judgeChange(change);
      options.observe(resource.kind, result);
      if (result === 'Changed') notify(name, change);
      if (result === 'StatusOnly') for (const listener of statusListeners) listener(name, change.object);
    });
    running.set(name, reflector);
    return reflector;
  }

  const { masterKeys } = always;
  const own = { ...masterKeys, select: { ...masterKeys.select, namespace: options.operatorNamespace } };
  const basic = entriesOf({ ...always, masterKeys: own }).map(([name, watched]) => open(name, watched));
  const definitions = running.get('definitions');

  const list = <Name extends CacheName>(name: Name) => (running.get(name)?.list() ?? []) as CacheContents[Name][];

  const definition = () => list('definitions')[0];

  const servesBackendTls = () =>
    definition()?.gatewayApi.installed === true && list('backendTlsDefinitions')[0]?.isServed === true;

  /** What to watch of each optional kind at present. Without ReferenceGrants no object of another namespace may be referred to. */
  const optional: Record<OptionalCacheName, () => Watched | undefined> = {
    referenceGrants: () => {
      const version = list('grantDefinitions')[0]?.version;
      return version && grantsOf(version);
    },
    listenerSets: () =>
      definition()?.gatewayApi.installed && list('listenerSetDefinitions')[0]?.isServed ? listenerSets : undefined,
    backendTlsPolicies: () => (servesBackendTls() ? backendTlsPolicies : undefined),
    caBundles: () => (servesBackendTls() ? caBundles : undefined),
    grpcRoutes: () =>
      definition()?.gatewayApi.installed && list('grpcRouteDefinitions')[0]?.isServed ? grpcRoutes : undefined,
    trafficPolicies: () =>
      definition()?.gatewayApi.installed && list('trafficPolicyDefinitions')[0]?.isServed ? trafficPolicies : undefined,
    xBackends: () =>
      definition()?.gatewayApi.installed && list('xBackendDefinitions')[0]?.isServed ? xBackends : undefined,
    tlsSecrets: () => (definition()?.gatewayApi.installed ? tlsSecrets : undefined),
  };
  const isRead = (name: CacheName): boolean => (running.get(name)?.lastResourceVersion ?? '') !== '';

  // The API server may serve a new kind only some time after its definition; until its objects are read, the name of another owner's
  // object would look free.
  function gatewayApi(): GatewayApi {
    const known = definition()?.gatewayApi ?? notInstalled;
    return entriesOf(withGatewayApi).every(([name]) => isRead(name)) ? known : notInstalled;
  }

  /** Starts and stops the watches of Gateway API's kinds as its CRDs are installed and deleted. */
  async function follow(): Promise<void> {
    const kinds = entriesOf(withGatewayApi);
    const found = definition();
    if (!found?.gatewayApi.installed) {
      await Promise.all(kinds.map(([name]) => close(name)));
      return;
    }
    await Promise.all(
      kinds.map(([name, watched]) => {
        const known = running.get(name);
        if (known) return known.synced;
        const opened = open(name, watched);
        opened.start();
        return opened.synced;
      }),
    );
    // Gateway API counts as installed only now, and kinds without objects have caused no notification.
    notify('definitions', { type: 'MODIFIED', object: found, previous: found });
  }

  /** Resolves when the optional kinds that are watched are read. */
  const followOptional = (): Promise<unknown> =>
    Promise.all((Object.keys(optional) as OptionalCacheName[]).map((name) => followKind(name, optional[name]())));

  async function followKind(name: OptionalCacheName, watched: Watched | undefined): Promise<void> {
    if (watched === undefined) return close(name);
    const known = running.get(name);
    if (known) return known.synced;
    const opened = open(name, watched, name === 'tlsSecrets' ? patient : reconnect);
    opened.start();
    await opened.synced;
    // A kind without objects has caused no notification, and counts as read only now.
    const found = definition();
    if (found) notify('definitions', { type: 'MODIFIED', object: found, previous: found });
  }

  async function close(name: CacheName): Promise<void> {
    const reflector = running.get(name);
    running.delete(name);
    await reflector?.stop();
  }

  /** If Gateway API is installed only in part, its kinds are never read, but the proxies must still serve. */
  async function followForAWhile(): Promise<void> {
    const read = new AbortController();
    const patience = sleep(options.clock, gatewayApiTimeoutMs, read.signal);
    await Promise.race([Promise.all([follow(), followOptional()]).finally(() => read.abort()), patience]);
  }

  const synced = Promise.all(basic.map((reflector) => reflector.synced)).then(followForAWhile);
  definitions?.onChange(() => void follow());
  for (const name of definitionCaches) {
    running.get(name)?.onChange(() => void followOptional());
  }

  return {
    get: <Name extends CacheName>(name: Name, ref: ObjectRef) =>
      running.get(name)?.get(ref) as CacheContents[Name] | undefined,
    list,
    gatewayApi,
    isRead,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onStatus(listener) {
      statusListeners.add(listener);
      return () => statusListeners.delete(listener);
    },
    synced,
    revision: () => newest([...running.values()].map(({ lastResourceVersion }) => lastResourceVersion)),
    staleMs: () =>
      Math.max(...[...running].filter(([name]) => isRead(name)).map(([, reflector]) => reflector.staleMs())),
    start: () => {
      for (const reflector of basic) reflector.start();
    },
    stop: async () => {
      await Promise.all([...running.values()].map((reflector) => reflector.stop()));
    },
  };
}

const notInstalled: GatewayApi = { installed: false };

/** Returns the largest number: resourceVersions are comparable as such since Kubernetes 1.35 (KEP-5504), and were in practice before. */
function newest(versions: string[]): string {
  let newestSeen = 0n;
  for (const version of versions) {
    if (/^[0-9]+$/.test(version) && BigInt(version) > newestSeen) newestSeen = BigInt(version);
  }
  return newestSeen.toString();
}

/** A change of a pod. `isGone`: deleted, `pod` is its last known state. `before`: the previous version. */
export type PodChange = { pod: CachedPod; before?: CachedPod; isGone: boolean };

/** Calls the listener for changes of pods. Returns a function that unsubscribes. */
export const onPodChange = (caches: Pick<Caches, 'onChange'>, listener: (change: PodChange) => void): (() => void) =>
  caches.onChange((name, change) => {
    if (name !== 'pods') return;
    const before = change.type === 'MODIFIED' ? { before: change.previous as CachedPod } : {};
    listener({ pod: change.object as CachedPod, ...before, isGone: change.type === 'DELETED' });
  });
