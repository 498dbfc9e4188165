/** The reflectors of one replica: those that always run, and those that run while Gateway API is installed. */
import type { GatewayApi } from '../../core/snapshot/snapshot.ts';
import type { KubeObject, ObjectReader, ObjectRef, Resource } from '../../kube/ports.ts';
import type { Random } from '../../platform/backoff.ts';
import { withoutManagedFields, type Reflector, type Unread } from '../../kube/watch/reflector.ts';
import type { Change } from '../../kube/watch/store.ts';
import { sleep, type Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { judgeChange, shareWith, type EventResult } from './changes.ts';
import { createFaults, keepUnreadable, type Fault } from './faults.ts';
import {
  createInstalledKinds,
  definitionCaches,
  isLeftOut,
  isRefused,
  type InstallableName,
} from './installed-kinds.ts';
import type { CachedPod } from './pods.ts';
import { reflectNamespaces } from './reflect-namespaces.ts';
import {
  always,
  entriesOf,
  everyKind,
  withGatewayApi,
  type CacheContents,
  type CacheName,
  type Watched,
} from './watched.ts';

export type ChangeListener = (name: CacheName, change: Change) => void;

/** `observe`: called for every change that a watch delivers, with the kind of its object. */
export type CacheOptions = {
  reader: Pick<ObjectReader, 'list' | 'watch'>;
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
  /** Whether all objects of a kind are read, except those of namespaces where the right is refused; also true if there are none. */
  isRead(name: CacheName): boolean;
  /** Namespaces whose objects of a kind are not read because the right is refused there. */
  refusedIn(name: CacheName): readonly string[];
  /** Objects that cannot be reduced to what is cached. */
  faults(): Fault[];
  /** What is installed and not read yet, as `Kind` or `Kind in NAMESPACE`: it is unknown, and must not look as if there were none. */
  unread(): string[];
  /**
   * Calls the listener for changes of what is cached, without those of a status that Holdfast writes: an event whose projection is equal
   * wakes no listener. Returns a function that unsubscribes.
   */
  onChange(listener: ChangeListener): () => void;
  /** Calls the listener when only the status of an object has changed. Returns a function that unsubscribes. */
  onStatus(listener: (name: CacheName, object: KubeObject) => void): () => void;
  /** Resolves when every kind has its first list that always exists or is installed. */
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

/** How often a log line names what is not read, until all is. */
const reminderMs = 10_000;

export function createCaches(options: CacheOptions): Caches {
  const listeners = new Set<ChangeListener>();
  const statusListeners = new Set<(name: CacheName, object: KubeObject) => void>();
  const running = new Map<CacheName, Reflector>();
  const faults = createFaults();
  const synced = Promise.withResolvers<void>();
  /** Aborted when all is read, or at the end. */
  const waiting = new AbortController();

  const list = <Name extends CacheName>(name: Name) => (running.get(name)?.list() ?? []) as CacheContents[Name][];
  const wanted = createInstalledKinds(list);
  const grantReader = readServed(options.reader, () => wanted.referenceGrants()?.resource);

  function notify(name: CacheName, change: Change): void {
    for (const listener of listeners) listener(name, change);
  }

  /** `cached`: under the name of the object; it may be of another one that is deleted. */
  function projectNext(
    project: (object: KubeObject) => KubeObject,
    object: KubeObject,
    cached: KubeObject | undefined,
  ): KubeObject | undefined {
    const previous = cached?.metadata.uid === object.metadata.uid ? cached : undefined;
    try {
      return shareWith(previous, project(object));
    } catch (error) {
      const { kind, metadata } = object;
      options.observe(kind, 'Unreadable');
      const kept = keepUnreadable(object, { error, project, previous });
      if (kept) return shareWith(previous, kept);
      const { namespace, name } = metadata;
      options.logger.error({ kind, namespace, name, error: describeError(error) }, 'object not read');
      return undefined;
    }
  }

  function open(
    name: CacheName,
    { resource, select, project = withoutManagedFields }: Watched,
    backoff = reconnect,
  ): Reflector {
    const reflector = reflectNamespaces(options.namespaces, {
      ...options,
      reader: name === 'referenceGrants' ? grantReader : options.reader,
      resource,
      backoff,
      ...(select && { select }),
      onFirstList: (isComplete) => {
        // A kind without objects has caused no notification, and counts as read only now.
        if (isComplete && name in wanted) announce();
        settle();
      },
      project: (object) => projectNext(project, object, reflector.get(object.metadata)),
    });
    reflector.onChange((change) => {
      faults.follow(name, change);
      const result = judgeChange(change);
      options.observe(resource.kind, result);
      if (result === 'Changed') notify(name, change);
      if (result === 'StatusOnly') for (const listener of statusListeners) listener(name, change.object);
    });
    running.set(name, reflector);
    return reflector;
  }

  const definition = () => list('definitions')[0];
  const refusedIn = (name: CacheName): string[] =>
    (running.get(name)?.unread() ?? []).flatMap((part) =>
      part.namespace !== undefined && isRefused(name, part) ? [part.namespace] : [],
    );
  const isRead = (name: CacheName): boolean => running.get(name)?.unread().length === refusedIn(name).length;

  // The API server may serve a new kind only some time after its definition; until its objects are read, the name of another owner's
  // object would look free.
  function gatewayApi(): GatewayApi {
    const known = definition()?.gatewayApi ?? notInstalled;
    return entriesOf(withGatewayApi).every(([name]) => isRead(name)) ? known : notInstalled;
  }

  /** Starts and stops the watches of kinds as their definitions are installed and deleted. */
  function follow(): void {
    for (const name of Object.keys(wanted) as InstallableName[]) {
      const watched = wanted[name]();
      if (watched === undefined) void close(name);
      else if (!running.has(name)) open(name, watched, name === 'tlsSecrets' ? patient : reconnect).start();
    }
    settle();
  }

  function announce(): void {
    const found = definition();
    if (found) notify('definitions', { type: 'MODIFIED', object: found, previous: found });
  }

  const unread = (): string[] =>
    [...running].flatMap(([name, reflector]) =>
      reflector
        .unread()
        .flatMap((part) => (isLeftOut(name, part) ? [] : [describePart(everyKind[name].resource, part)])),
    );

  async function close(name: CacheName): Promise<void> {
    const reflector = running.get(name);
    running.delete(name);
    faults.forget(name);
    await reflector?.stop();
  }

  function settle(): void {
    if (waiting.signal.aborted || unread().length > 0) return;
    waiting.abort();
    synced.resolve();
  }

  /** A list that only takes long logs nothing else. */
  async function remind(): Promise<void> {
    for (;;) {
      await sleep(options.clock, reminderMs, waiting.signal);
      if (waiting.signal.aborted) return;
      options.logger.warn({ unread: unread() }, 'not ready until all objects are read');
    }
  }

  const { masterKeys } = always;
  const own = { ...masterKeys, select: { ...masterKeys.select, namespace: options.operatorNamespace } };
  const basic = entriesOf({ ...always, masterKeys: own }).map(([name, watched]) => open(name, watched));
  for (const name of definitionCaches) running.get(name)?.onChange(follow);

  return {
    get: <Name extends CacheName>(name: Name, ref: ObjectRef) =>
      running.get(name)?.get(ref) as CacheContents[Name] | undefined,
    list,
    gatewayApi,
    isRead,
    refusedIn,
    faults: faults.list,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onStatus(listener) {
      statusListeners.add(listener);
      return () => statusListeners.delete(listener);
    },
    unread,
    synced: synced.promise,
    revision: () => newest([...running.values()].map(({ lastResourceVersion }) => lastResourceVersion)),
    staleMs: () =>
      Math.max(...[...running.values()].map((reflector) => reflector.staleMs()).filter((ms) => ms < Infinity)),
    start: () => {
      for (const reflector of basic) reflector.start();
      void remind();
    },
    stop: async () => {
      waiting.abort();
      await Promise.all([...running.values()].map((reflector) => reflector.stop()));
    },
  };
}

/** Another version of the kind may be served later: it has the same objects, and these have the same resourceVersions. */
const readServed = (
  { list, watch }: CacheOptions['reader'],
  served: () => Resource | undefined,
): CacheOptions['reader'] => ({
  list: (resource, options) => list(served() ?? resource, options),
  watch: (resource, version, options) => watch(served() ?? resource, version, options),
});

const describePart = ({ kind }: Resource, { namespace }: Unread): string =>
  namespace === undefined ? kind : `${kind} in ${namespace}`;

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
