/** Watches: the changes of a kind as a client with selectors observes them. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { Clock } from '../../../../src/platform/clock.ts';
import type { StoreChange } from '../../store/store.ts';
import type { Cluster } from '../cluster.ts';
import { apiVersionOf, type Kind } from '../kinds/kind.ts';
import { viewObject, type View } from '../output/table.ts';
import type { EventSink, EventStream, OpenWatch } from './response.ts';
import { createFilter } from './list.ts';
import type { ListOptions } from './options.ts';

export type WatchRequest = { kind: Kind; namespace: string | undefined; options: ListOptions; view: View };

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

const bookmarkEveryMs = 60_000;
/** A real API server uses 30 to 60 minutes. */
const defaultTimeoutSeconds = 1800;

/** Returns the change as a client sees it that selects a part of the objects. */
function visibleChange(
  change: StoreChange,
  isWanted: (object: KubeObject) => boolean,
): { type: EventType; object: KubeObject } | undefined {
  const { type, object, old } = change;
  const isIn = type !== 'DELETED' && isWanted(object);
  const wasIn = old !== undefined && isWanted(old);
  if (isIn) return { type: wasIn ? 'MODIFIED' : 'ADDED', object };
  if (!wasIn) return undefined;
  // The last state that matched, with the version at which it stopped matching.
  const { resourceVersion } = object.metadata;
  const last = type === 'DELETED' ? object : old;
  return {
    type: 'DELETED',
    object: { ...last, metadata: { ...last.metadata, ...(resourceVersion !== undefined && { resourceVersion }) } },
  };
}

/** Ends when the client closes the stream, at its timeout, or when the transport ends it. */
export const openWatch = (cluster: Cluster, watch: WatchRequest): EventStream => ({
  kind: 'stream',
  open: (sink) => runWatch(cluster, watch, sink),
});

function runWatch(cluster: Cluster, watch: WatchRequest, sink: EventSink): OpenWatch {
  const { store, clock } = cluster;
  const { options } = watch;
  const writer = createEventWriter(watch, sink, () => clock.nowMs());
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const one of releases.splice(0)) one();
  };
  const bookmark = (): void => {
    if (options.allowBookmarks) writer.bookmark(store.revision());
  };
  const end = (): void => {
    release();
    bookmark();
    sink.end();
  };
  const unsubscribe = sendChanges(cluster, watch, writer);
  if (unsubscribe === undefined) {
    sink.end();
  } else {
    const stopBookmarks = repeat(clock, bookmarkEveryMs, bookmark);
    releases.push(
      unsubscribe,
      stopBookmarks,
      clock.after((options.timeoutSeconds ?? defaultTimeoutSeconds) * 1000, end),
    );
  }
  return { bookmark, end, release };
}

/** Returns a function that stops the repetition. */
function repeat(clock: Clock, everyMs: number, callback: () => void): () => void {
  let cancel = (): void => undefined;
  const schedule = (): void => {
    cancel = clock.after(everyMs, () => {
      callback();
      schedule();
    });
  };
  schedule();
  return () => {
    cancel();
  };
}

/** Sends what happened before the watch, then each change. Returns a function that unsubscribes; undefined if the requested version is no longer known. */
function sendChanges(
  { store }: Cluster,
  { kind, namespace, options }: WatchRequest,
  writer: EventWriter,
): (() => void) | undefined {
  const selected = createFilter(kind, options);
  const isWanted = (object: KubeObject): boolean =>
    (namespace === undefined || object.metadata.namespace === namespace) && selected(object);
  const show = (change: StoreChange): void => {
    const visible = visibleChange(change, isWanted);
    if (visible !== undefined) writer.event(visible.type, visible.object);
  };
  const { resourceVersion } = options;
  if (resourceVersion === undefined) {
    for (const object of store.list(kind.shelf, namespace)) if (isWanted(object)) writer.event('ADDED', object);
    return store.subscribe(kind.shelf, show);
  }
  const missed = store.changesSince(kind.shelf, resourceVersion);
  if (missed === undefined) {
    writer.expired(resourceVersion, store.revision());
    return undefined;
  }
  for (const change of missed) show(change);
  return store.subscribe(kind.shelf, show);
}

interface EventWriter {
  event(type: EventType, object: KubeObject): void;
  bookmark(revision: number): void;
  expired(requested: number, newest: number): void;
}

function createEventWriter({ kind, view }: WatchRequest, sink: EventSink, nowMs: () => number): EventWriter {
  let isFirst = true;
  const write = (type: string, object: object): void => {
    sink.send({ type, object });
  };
  return {
    event(type, object) {
      // Columns are sent once.
      write(type, viewObject(kind, object, { ...view, nowMs: nowMs() }, isFirst));
      isFirst = false;
    },
    bookmark(revision) {
      const type = { apiVersion: apiVersionOf(kind.entry), kind: kind.entry.kind };
      const table = { apiVersion: 'meta.k8s.io/v1', kind: 'Table', columnDefinitions: null, rows: [] };
      const metadata = { resourceVersion: String(revision) };
      write('BOOKMARK', { ...(view.wanted.as === 'Table' ? table : type), metadata });
    },
    expired(requested, newest) {
      const message = `too old resource version: ${requested} (${newest})`;
      write('ERROR', {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message,
        reason: 'Expired',
        code: 410,
      });
    },
  };
}
