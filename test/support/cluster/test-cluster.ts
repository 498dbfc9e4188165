/**
 * A cluster for tests: the live client over the request handling and the store of the devcluster, in one process and without
 * sockets. The test controls failures, watches and the writes of all other clients, and sees what was written.
 * No controller, kubelet or timer runs: the cluster changes only when a client or the test writes.
 */
import { fieldManager } from '../../../src/core/names/names.ts';
import { createReader, createWriter } from '../../../src/kube/live/objects.ts';
import { watchObjects } from '../../../src/kube/live/watch.ts';
import type {
  EventNote,
  EventSink,
  Identity,
  KubeObject,
  ObjectReader,
  ObjectRef,
  ObjectWriter,
  Resource,
  TokenReviewer,
} from '../../../src/kube/ports.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { createCluster } from '../../../tools/devcluster/apiserver/cluster.ts';
import { copyJson } from '../../../tools/devcluster/schema/json.ts';
import { createDirectWrites, type DirectWrites } from './direct-writes.ts';
import { createFailures, type Failure } from './failures.ts';
import { testKinds } from './kinds.ts';
import { createInProcessTransport } from './transport.ts';

export type WriteVerb = 'apply' | 'create' | 'update' | 'delete';

/** A successful write through the ports. `changed` is false if it made no difference. */
export type Write = {
  verb: WriteVerb;
  resource: Resource;
  ref: ObjectRef;
  subresource?: 'status';
  object?: KubeObject;
  changed: boolean;
};

/** `DirectWrites` are the writes of all other clients; they are not recorded. */
export interface TestCluster extends ObjectReader, ObjectWriter, TokenReviewer, EventSink, DirectWrites {
  /** In order, since the start or the last `forgetWrites`. */
  writes(): Write[];
  forgetWrites(): void;
  /** Emitted events, without repeats. */
  events(): EventNote[];
  /** Makes the next calls of this kind fail. */
  fail(failure: Failure): void;
  /** Ends all of these failures. */
  mend(): void;
  /** Lists of this kind get no response until the returned function is called. */
  holdLists(kind: string): () => void;
  addToken(token: string, identity: Identity): void;

  openWatches(): number;
  /** Sends a bookmark on every watch. */
  bookmark(): void;
  /** Ends every watch: cleanly, or with the error. */
  endWatches(error?: Error): void;
  /** Forgets older versions: a watch that resumes from one of them fails with KUBERNETES_EXPIRED. */
  compact(): void;
}

/** The server's own timeouts and bookmarks are left to the test. */
const withoutTimers = (clock: Clock): Clock => ({ nowMs: () => clock.nowMs(), after: () => () => undefined });

export function createTestCluster(clock: Clock): TestCluster {
  const server = createCluster({ clock: withoutTimers(clock), kinds: testKinds, checksNamespaces: false });
  const transport = createInProcessTransport(server);
  const reader = createReader(transport);
  const writer = createWriter(transport, reader, fieldManager);
  const direct = createDirectWrites(server);
  const failures = createFailures();
  const held = new Map<string, Promise<void>>();
  const tokens = new Map<string, Identity>();
  const writes: Write[] = [];
  const emitted = new Map<string, EventNote>();

  /** Runs a write and records it. */
  async function write<T>(record: Omit<Write, 'changed'>, run: () => Promise<T>): Promise<T> {
    failures.mayFail(record.verb, record.resource);
    const before = server.store.revision();
    const result = await run();
    writes.push({ ...copyJson(record), changed: server.store.revision() !== before });
    return result;
  }

  return {
    ...direct,
    async get(resource, ref) {
      failures.mayFail('get', resource);
      return reader.get(resource, ref);
    },
    async list(resource, options) {
      await held.get(resource.kind);
      failures.mayFail('list', resource, options?.namespace);
      return reader.list(resource, options);
    },
    async *watch(resource, resourceVersion, options) {
      if (options.signal.aborted) return;
      failures.mayFail('watch', resource);
      yield* watchObjects(transport, { ...options, resource, resourceVersion, serverTimeoutSeconds: 300 });
    },
    apply: (resource, object, subresource) =>
      write({ verb: 'apply', resource, ref: refOf(object), object, ...(subresource && { subresource }) }, () =>
        writer.apply(resource, object, subresource),
      ),
    applyUnforced: (resource, object) =>
      write({ verb: 'apply', resource, ref: refOf(object), object }, () => writer.applyUnforced(resource, object)),
    create: (resource, object) =>
      write({ verb: 'create', resource, ref: refOf(object), object }, () => writer.create(resource, object)),
    update: (resource, object) =>
      write({ verb: 'update', resource, ref: refOf(object), object }, () => writer.update(resource, object)),
    delete: (resource, ref, uid) =>
      write({ verb: 'delete', resource, ref: refOf({ metadata: ref }) }, () => writer.delete(resource, ref, uid)),
    async review(token) {
      failures.mayFail('review');
      return tokens.get(token);
    },
    emit(event) {
      emitted.set(JSON.stringify([event.regarding, event.type, event.reason, event.note]), copyJson(event));
    },

    writes: () => [...writes],
    forgetWrites() {
      writes.length = 0;
    },
    events: () => [...emitted.values()],
    fail: failures.add,
    mend: failures.clear,
    holdLists(kind) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(kind, promise);
      return () => {
        held.delete(kind);
        resolve();
      };
    },
    addToken(token, identity) {
      tokens.set(token, identity);
    },
    openWatches: () => transport.connections().length,
    bookmark() {
      for (const connection of transport.connections()) connection.bookmark();
    },
    endWatches(error) {
      for (const connection of transport.connections()) {
        if (error === undefined) connection.end();
        else connection.fail(error);
      }
    },
    compact: server.store.compact,
  };
}

function refOf({ metadata }: { metadata: ObjectRef }): ObjectRef {
  return { ...(metadata.namespace !== undefined && { namespace: metadata.namespace }), name: metadata.name };
}
