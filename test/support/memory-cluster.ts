/**
 * A cluster in memory: the ports with the API semantics that Holdfast relies on, and hands for the test to be everybody else.
 * `cluster-contract.ts` holds for it as for a real API server. No controller runs in it: garbage is collected when told.
 */
import type { Clock } from '../../src/platform/clock.ts';
import { AppError } from '../../src/platform/errors.ts';
import type {
  EventNote,
  EventSink,
  Identity,
  KubeObject,
  ListOptions,
  ObjectReader,
  ObjectRef,
  ObjectWriter,
  Resource,
  TokenReviewer,
  WatchEvent,
  WatchOptions,
} from '../../src/kube/ports.ts';
import { clone } from './memory-json.ts';
import type { LogEntry } from './memory-objects.ts';
import { createMemoryObjects } from './memory-objects.ts';
import { matches } from './memory-selectors.ts';
import type { WatchStream } from './memory-watch.ts';
import { createWatchStream } from './memory-watch.ts';

export type WriteVerb = 'apply' | 'create' | 'update' | 'delete';
export type Verb = WriteVerb | 'get' | 'list' | 'watch' | 'review';

/** A write through the port that succeeded. `changed` is false where it made no difference. */
export type Write = {
  verb: WriteVerb;
  resource: Resource;
  ref: ObjectRef;
  subresource?: 'status';
  object?: KubeObject;
  changed: boolean;
};

export type Failure = {
  verb: Verb;
  /** Any kind, where absent. */
  kind?: string;
  error: Error;
  /** How many calls fail; 1 where absent. */
  times?: number;
};

export interface MemoryCluster extends ObjectReader, ObjectWriter, TokenReviewer, EventSink {
  /** In order, since the start or the last `forgetWrites`. */
  writes(): Write[];
  forgetWrites(): void;
  /** Emitted events, the same one once. */
  events(): EventNote[];
  /** The next such calls fail. */
  fail(failure: Failure): void;

  /** The rest of the world: not recorded as writes. */
  find(resource: Resource, ref: ObjectRef): KubeObject | undefined;
  all(resource: Resource): KubeObject[];
  /** Creates or replaces, status and all. A new `metadata.uid` makes it another object of the same name. */
  put(resource: Resource, object: KubeObject): KubeObject;
  remove(resource: Resource, ref: ObjectRef): void;
  addToken(token: string, identity: Identity): void;
  /** Deletes what names owners none of which exists any more. */
  collectGarbage(): void;

  openWatches(): number;
  /** Sends a bookmark on every watch. */
  bookmark(): void;
  /** Ends every watch: cleanly, or with the error. */
  endWatches(error?: Error): void;
  /** Older versions than the current can no longer be watched from: KUBERNETES_EXPIRED. */
  compact(): void;
}

const expired = () =>
  new AppError('KUBERNETES_EXPIRED', 'too old resource version', { source: 'kubernetes', retryable: true });
const manager = 'holdfast';
const others = 'others';

const sameResource = (a: Resource, b: Resource): boolean => a.group === b.group && a.plural === b.plural;

export function createMemoryCluster(clock: Clock): MemoryCluster {
  const log: LogEntry[] = [];
  const open = new Map<WatchStream, { resource: Resource; options: ListOptions }>();
  const tokens = new Map<string, Identity>();
  const writes: Write[] = [];
  const failures: Failure[] = [];
  const emitted = new Map<string, EventNote>();
  // Like a server that has run for a while: its first versions are gone.
  let compactedTo = 100;

  const objects = createMemoryObjects(clock, (entry) => {
    log.push(entry);
    for (const [stream, { resource, options }] of open) {
      const event = sameResource(resource, entry.resource) ? seenAs(entry, options) : undefined;
      if (event !== undefined) stream.push(event);
    }
  });

  function mayFail(verb: Verb, resource?: Resource): void {
    const index = failures.findIndex(
      (failure) => failure.verb === verb && (failure.kind === undefined || failure.kind === resource?.kind),
    );
    const failure = failures[index];
    if (failure === undefined) return;
    const left = (failure.times ?? 1) - 1;
    if (left > 0) failures[index] = { ...failure, times: left };
    else failures.splice(index, 1);
    throw failure.error;
  }

  /** Runs a write and records it. */
  function write(record: Omit<Write, 'changed'>, run: () => KubeObject | undefined): KubeObject | undefined {
    mayFail(record.verb, record.resource);
    const before = objects.version();
    const result = run();
    writes.push({ ...clone(record), changed: objects.version() !== before });
    return result;
  }

  function written(record: Omit<Write, 'changed'> & { object: KubeObject }, run: () => KubeObject): KubeObject {
    return clone(write(record, run) ?? record.object);
  }

  async function* watch(
    resource: Resource,
    resourceVersion: string,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent> {
    if (options.signal.aborted) return;
    mayFail('watch', resource);
    const from = Number(resourceVersion);
    if (from < compactedTo) throw expired();
    const stream = createWatchStream();
    for (const entry of log) {
      const event = entry.version > from && sameResource(resource, entry.resource) ? seenAs(entry, options) : undefined;
      if (event !== undefined) stream.push(event);
    }
    open.set(stream, { resource, options });
    options.onOpen?.();
    try {
      yield* stream.events(options.signal);
    } finally {
      open.delete(stream);
    }
  }

  function collectGarbage(): void {
    const uids = new Set(objects.everything().map((entry) => entry.object.metadata.uid));
    for (const { resource, object } of objects.everything()) {
      const owners = object.metadata.ownerReferences ?? [];
      if (owners.length > 0 && !owners.some((owner) => uids.has(owner.uid))) objects.remove(resource, object.metadata);
    }
  }

  return {
    async get(resource, ref) {
      mayFail('get', resource);
      return clone(objects.find(resource, ref));
    },
    async list(resource, options = {}) {
      mayFail('list', resource);
      const items = objects.all(resource).filter((object) => matches(object, options));
      return { items: items.map((object) => view(object, options)), resourceVersion: String(objects.version()) };
    },
    watch,
    async apply(resource, object, subresource) {
      const record = {
        verb: 'apply' as const,
        resource,
        ref: refOf(object),
        object,
        ...(subresource === undefined ? {} : { subresource }),
      };
      return written(record, () =>
        objects.apply({ resource, object: clone(object), subresource, manager, force: true }),
      );
    },
    async applyUnforced(resource, object) {
      const request = { resource, object: clone(object), subresource: undefined, manager, force: false };
      return written({ verb: 'apply', resource, ref: refOf(object), object }, () => objects.apply(request));
    },
    async create(resource, object) {
      return written({ verb: 'create', resource, ref: refOf(object), object }, () =>
        objects.create(resource, object, `${manager}/update`),
      );
    },
    async update(resource, object) {
      return written({ verb: 'update', resource, ref: refOf(object), object }, () =>
        objects.update(resource, object, `${manager}/update`),
      );
    },
    async delete(resource, ref, uid) {
      write({ verb: 'delete', resource, ref: refOf({ metadata: ref }) }, () => {
        objects.remove(resource, ref, uid);
        return undefined;
      });
    },
    async review(token) {
      mayFail('review');
      return tokens.get(token);
    },
    emit(event) {
      emitted.set(JSON.stringify([event.regarding, event.type, event.reason, event.note]), clone(event));
    },

    writes: () => [...writes],
    forgetWrites() {
      writes.length = 0;
    },
    events: () => [...emitted.values()],
    fail(failure) {
      failures.push(failure);
    },
    find: (resource, ref) => clone(objects.find(resource, ref)),
    all: (resource) => clone(objects.all(resource)),
    put: (resource, object) => clone(objects.put(resource, object, others)),
    remove: (resource, ref) => {
      objects.remove(resource, ref);
    },
    addToken(token, identity) {
      tokens.set(token, identity);
    },
    collectGarbage,
    openWatches: () => open.size,
    bookmark() {
      for (const stream of open.keys()) stream.push({ type: 'BOOKMARK', resourceVersion: String(objects.version()) });
    },
    endWatches(error) {
      for (const stream of open.keys()) stream.end(error);
    },
    compact() {
      compactedTo = objects.version();
      log.length = 0;
    },
  };
}

function refOf({ metadata }: { metadata: ObjectRef }): ObjectRef {
  return { ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }), name: metadata.name };
}

function view(object: KubeObject, options: ListOptions): KubeObject {
  const { apiVersion, kind, metadata } = object;
  return clone(options.metadataOnly === true ? { apiVersion, kind, metadata } : object);
}

/** A change as a watch with selectors sees it: what begins to match is added, what ceases to match is deleted. */
function seenAs(entry: LogEntry, options: ListOptions): WatchEvent | undefined {
  const matched = entry.previous !== undefined && matches(entry.previous, options);
  const matching = entry.type !== 'DELETED' && matches(entry.object, options);
  if (!matched && !matching) return undefined;
  const appearing = matched ? 'MODIFIED' : 'ADDED';
  return { type: matching ? appearing : 'DELETED', object: view(entry.object, options) };
}
