/** Watches: a stream of JSON lines. */
import type { ServerResponse } from 'node:http';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { StoreChange } from '../../store/store.ts';
import type { Cluster } from '../cluster.ts';
import { apiVersionOf, type Kind } from '../kinds/kind.ts';
import { viewObject, type View } from '../output/table.ts';
import { createFilter } from './list.ts';
import type { ListOptions } from './options.ts';

export type WatchRequest = { kind: Kind; namespace: string | undefined; options: ListOptions; view: View };

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

const bookmarkEveryMs = 60_000;
/** The API server takes 30 to 60 minutes. */
const defaultTimeoutSeconds = 1800;

/** What a change is for somebody who sees only a part of the objects. */
function visibleChange(
  change: StoreChange,
  isWanted: (object: KubeObject) => boolean,
): { type: EventType; object: KubeObject } | undefined {
  const { type, object, old } = change;
  const isIn = type !== 'DELETED' && isWanted(object);
  const wasIn = old !== undefined && isWanted(old);
  if (isIn) return { type: wasIn ? 'MODIFIED' : 'ADDED', object };
  if (!wasIn) return undefined;
  // The last state that matched, with the version at which it left.
  const { resourceVersion } = object.metadata;
  const last = type === 'DELETED' ? object : old;
  return {
    type: 'DELETED',
    object: { ...last, metadata: { ...last.metadata, ...(resourceVersion !== undefined && { resourceVersion }) } },
  };
}

/** Ends when the client goes, the time is over, or `signal` aborts. */
export function serveWatch(cluster: Cluster, watch: WatchRequest, response: ServerResponse, signal: AbortSignal): void {
  const { store, clock } = cluster;
  const { kind, namespace, options } = watch;
  const selected = createFilter(kind, options);
  const isWanted = (object: KubeObject): boolean =>
    (namespace === undefined || object.metadata.namespace === namespace) && selected(object);
  const writer = createEventWriter(watch, response, () => clock.nowMs());
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  // Headers at once: on a kind that never changes nothing else may follow.
  response.flushHeaders();

  const show = (change: StoreChange): void => {
    const visible = visibleChange(change, isWanted);
    if (visible !== undefined) writer.event(visible.type, visible.object);
  };
  if (!sendStart(cluster, watch, { writer, show, isWanted })) {
    response.end();
    return;
  }
  const ends = [store.subscribe(kind.shelf, show)];
  const end = (): void => {
    for (const stop of ends.splice(0)) stop();
    if (options.allowBookmarks && !response.destroyed) writer.bookmark(store.revision());
    response.end();
  };
  let cancelBookmark = (): void => undefined;
  const bookmarkLater = (): void => {
    cancelBookmark = clock.after(bookmarkEveryMs, () => {
      writer.bookmark(store.revision());
      bookmarkLater();
    });
  };
  if (options.allowBookmarks) bookmarkLater();
  ends.push(() => {
    cancelBookmark();
  });
  ends.push(clock.after((options.timeoutSeconds ?? defaultTimeoutSeconds) * 1000, end));
  signal.addEventListener('abort', end, { once: true });
  response.on('close', () => {
    signal.removeEventListener('abort', end);
    for (const stop of ends.splice(0)) stop();
  });
}

type Start = { writer: EventWriter; show: (change: StoreChange) => void; isWanted: (object: KubeObject) => boolean };

/** What was there before the watch; false where that is no longer known. */
function sendStart(
  { store }: Cluster,
  { kind, namespace, options }: WatchRequest,
  { writer, show, isWanted }: Start,
): boolean {
  const { resourceVersion, sendInitialEvents } = options;
  if (resourceVersion === undefined || sendInitialEvents) {
    for (const object of store.list(kind.shelf, namespace)) if (isWanted(object)) writer.event('ADDED', object);
    if (sendInitialEvents && options.allowBookmarks) {
      writer.bookmark(store.revision(), { 'k8s.io/initial-events-end': 'true' });
    }
    return true;
  }
  const missed = store.changesSince(kind.shelf, resourceVersion);
  if (missed === undefined) {
    writer.expired(resourceVersion, store.revision());
    return false;
  }
  for (const change of missed) show(change);
  return true;
}

interface EventWriter {
  event(type: EventType, object: KubeObject): void;
  bookmark(revision: number, annotations?: Record<string, string>): void;
  expired(asked: number, newest: number): void;
}

function createEventWriter({ kind, view }: WatchRequest, response: ServerResponse, nowMs: () => number): EventWriter {
  let isFirst = true;
  const write = (type: string, object: object): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  return {
    event(type, object) {
      // Columns are told once.
      write(type, viewObject(kind, object, { ...view, nowMs: nowMs() }, isFirst));
      isFirst = false;
    },
    bookmark(revision, annotations) {
      const metadata = { resourceVersion: String(revision), ...(annotations && { annotations }) };
      const { kind: name } = kind.entry;
      const table = {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { resourceVersion: metadata.resourceVersion },
        columnDefinitions: null,
      };
      // The annotation is looked for in the object of the only row.
      const row = { cells: [], object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } };
      write(
        'BOOKMARK',
        view.wanted.as === 'Table'
          ? { ...table, rows: [row] }
          : { kind: name, apiVersion: apiVersionOf(kind.entry), metadata },
      );
    },
    expired(asked, newest) {
      const message = `too old resource version: ${asked} (${newest})`;
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
