/**
 * A table as lines of the stream of resources, for the file of the last-known-good table. A table of 10,000 endpoints is 2 MB of JSON: as one
 * text it would take 10 ms from the requests, so each line has a part of it, and is made when it is asked for.
 */
import { parseStreamMessage } from '../../wire/stream-messages.ts';
import { createResourceStore } from '../../wire/resource-store.ts';
import { splitTable, type EndpointSet, type Resource } from '../../wire/resources.ts';
import type { TableDelta } from '../../wire/table-delta.ts';
import type { Choice } from './choose.ts';

/** All resources of a file have it: they are not compared with those of the operator. */
const version = 'kept';
const endpointsInLine = 200;

export function* keptLines({ revision, asOfMs, table }: Omit<Choice, 'stream'>): Generator<string> {
  const head = { type: 'delta', replica: 'file', nonce: 0, revision: String(revision), asOfMs } as const;
  for (const resource of splitTable(table)) {
    for (const delta of deltasOf(resource)) yield `${JSON.stringify({ ...head, delta })}\n`;
  }
}

function* deltasOf(resource: Resource): Generator<TableDelta> {
  if (resource.type !== 'endpoints') {
    yield { set: [{ ...resource, version }] };
    return;
  }
  const { endpoints, removedEndpoints }: EndpointSet = resource.value;
  const value = { endpoints: endpoints.slice(0, endpointsInLine), removedEndpoints };
  yield { set: [{ ...resource, version, value }] };
  for (let from = endpointsInLine; from < endpoints.length; from += endpointsInLine) {
    const set = endpoints.slice(from, from + endpointsInLine);
    yield { endpoints: [{ backend: resource.name, from: version, version, set }] };
  }
}

/** Throws if a line is not what `keptLines` writes. */
export function readKeptLines(text: string): Omit<Choice, 'stream'> {
  const store = createResourceStore();
  let last: { revision: string; asOfMs: number } | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const parsed = parseStreamMessage(line);
    if ('problem' in parsed) throw new Error(parsed.problem);
    if (parsed.value?.type !== 'delta') throw new Error('a line is not a delta');
    const { delta, refused } = parsed.value;
    if (refused.length > 0) throw new Error(refused.map(({ problem }) => problem).join('; '));
    store.apply(delta);
    last = parsed.value;
  }
  const table = store.table();
  if (last === undefined || table === undefined) throw new Error('the table is not complete');
  return { revision: BigInt(last.revision), asOfMs: last.asOfMs, table };
}
