/** The ids of requests, in X-Request-ID: what the app gets, and what logs contain. */
import { randomUUID } from 'node:crypto';
import type { RequestEdits, RequestView } from '../routing.ts';
import { noHeaderEdits, type HeaderEdits } from './header-edits.ts';
import { createHeaderNames, foldName, type HeaderNames } from './header-names.ts';

const name = 'x-request-id';
const own = createHeaderNames([name]);

/** A client writes it: a line of a log must stay one, and short. */
const loggable = /^[\x21-\x7e]{1,128}$/;

/** Returns the id that a client has given its request, if logs may contain it. */
export function clientRequestId(request: Pick<RequestView, 'header'>): string | undefined {
  const id = request.header(name);
  return id !== undefined && loggable.test(id) ? id : undefined;
}

/** What the app gets instead of what the client has sent. Undefined: no id. */
export type ReplacedId = { readonly id: string | undefined };

/** Returns undefined for a request whose header stays as it is. */
export type ReplaceId = (request: Pick<RequestView, 'header'>) => ReplacedId | undefined;

/** Node draws random bytes for many UUIDs at a time. */
const generated = (): ReplacedId => ({ id: randomUUID() });
const removed: ReplacedId = { id: undefined };

/** By the setting; undefined if the headers of all requests stay as they are. */
export const replaceId = {
  Preserve: undefined,
  PreserveOrGenerate: (request) => (clientRequestId(request) === undefined ? generated() : undefined),
  Generate: generated,
  Disable: () => removed,
} satisfies Record<string, ReplaceId | undefined>;

const prepared = new WeakMap<RequestEdits, HeaderEdits | 'OfRoute'>();
const withoutEdits: HeaderEdits = { ...noHeaderEdits, removed: own };

/** Returns the edits of a route with the id added. A filter of the route that sets or removes the header has the last word. */
export function withRequestId(edits: RequestEdits | undefined, { id }: ReplacedId): RequestEdits | undefined {
  const base = edits === undefined ? withoutEdits : prepare(edits);
  if (base === 'OfRoute') return edits;
  const added = id === undefined ? base.added : [...base.added, { name: 'X-Request-ID', value: id }];
  return { host: edits?.host, path: edits?.path, headers: { removed: base.removed, added } };
}

/** Once for each backend of a route. */
function prepare(edits: RequestEdits): HeaderEdits | 'OfRoute' {
  const known = prepared.get(edits);
  if (known !== undefined) return known;
  const { removed: names, added } = edits.headers ?? noHeaderEdits;
  const isOfRoute = names.has(name, 0, name.length) || added.some((field) => foldName(field.name) === name);
  const made = isOfRoute ? 'OfRoute' : { removed: withOwn(names), added };
  prepared.set(edits, made);
  return made;
}

const withOwn = (names: HeaderNames): HeaderNames => ({
  size: names.size + 1,
  find: (bytes, start, end) => names.find(bytes, start, end) ?? own.find(bytes, start, end),
  has: (text, start, end) => names.has(text, start, end) || own.has(text, start, end),
});
