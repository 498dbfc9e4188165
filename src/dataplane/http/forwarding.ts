/**
 * Which fields of a message are passed on, and how they change: the same in every version of HTTP. Hop-by-hop fields end at the proxy
 * (RFC 9110 §7.6.1), session tokens too, and what a client says about itself counts only if a trusted proxy says it.
 */
import type { TokenFilter } from '../routing.ts';
import { isReplacedCaching } from './caching.ts';
import { isNamed } from './connection-options.ts';
import { Field, fieldIdCount, type FieldId } from './fields.ts';
import type { Head } from './head.ts';
import { fieldId, lineStart, nameEnd, valuePiece } from './head-fields.ts';
import type { HeaderNames } from './header-names.ts';
import type { Hop } from './hop.ts';

/** By FieldId: 1 for a field that is not passed on. */
type Drops = Uint8Array;

const drops = (...ids: FieldId[]): Drops =>
  Uint8Array.from({ length: fieldIdCount }, (_, id) => (ids.includes(id) ? 1 : 0));
const betweenTwo = [Field.Connection, Field.TransferEncoding, Field.Upgrade, Field.KeepAlive, Field.HopByHop];
const claims = [Field.ForwardedFor, Field.ForwardedProto, Field.ForwardedHost, Field.Forwarded, Field.Claim];
const fromClient = drops(...betweenTwo, Field.Te, Field.Disguised, ...claims);
const fromClientWithHost = drops(...betweenTwo, Field.Te, Field.Disguised, ...claims, Field.Host);
const fromTrusted = drops(...betweenTwo, Field.Te, Field.Disguised, Field.ForwardedFor);
const fromTrustedWithHost = drops(...betweenTwo, Field.Te, Field.Disguised, Field.ForwardedFor, Field.Host);
const ofResponse = drops(...betweenTwo, Field.HoldfastSession);
/** RFC 9110 §8.6: no Content-Length in a 1xx or 204. */
const ofBodilessResponse = drops(...betweenTwo, Field.HoldfastSession, Field.ContentLength);

export const requestDrops = ({ isTrusted }: Hop, keepsHost: boolean): Drops => {
  if (isTrusted) return keepsHost ? fromTrusted : fromTrustedWithHost;
  return keepsHost ? fromClient : fromClientWithHost;
};

export const responseDrops = ({ status }: Head): Drops =>
  status < 200 || status === 204 ? ofBodilessResponse : ofResponse;

export type FieldRules = {
  drops: Drops;
  /** Undefined if no session is involved. */
  filter: TokenFilter | undefined;
  to: 'app' | 'client';
  /** By the filters of the route. */
  removed: HeaderNames;
  /** The proxy sets the fields of caches itself. */
  replacesCaching: boolean;
};

/** Whether a field whose name the proxy does not know may change. Mostly it cannot, and then its name need not be compared. */
export const mayChangeOthers = ({ connection }: Head, { filter, removed, replacesCaching }: FieldRules): boolean =>
  connection.named.size > 0 || replacesCaching || removed.size > 0 || (filter !== undefined && filter.headers.size > 0);

/** A client must not remove what a trusted proxy states, by a Connection header that such a proxy passes on. */
const isClaim = (id: FieldId): boolean => id >= Field.ForwardedFor;

/** Returns the new value of a field, empty if it is not passed on; undefined for a field that stays as it is. */
export function changedValue(head: Head, index: number, rules: FieldRules): string | undefined {
  const { filter, removed } = rules;
  const id = fieldId(head, index);
  if (rules.drops[id] === 1) return '';
  // Connection or a setting may name any header, but never one for framing or routing: without it this would be another message.
  if (id === Field.ContentLength) return undefined;
  if (removed.size > 0 && removed.find(head.bytes, lineStart(head, index), nameEnd(head, index)) !== undefined) {
    return '';
  }
  if (id === Field.Host) return undefined;
  if (isNamed(head, index) && !isClaim(id)) return '';
  if (rules.replacesCaching && isReplacedCaching(head, index)) return '';
  if (filter === undefined) return undefined;
  return rules.to === 'app' ? forApp(filter, head, index) : forClient(filter, head, index);
}

function forApp(filter: TokenFilter, head: Head, index: number): string | undefined {
  const header = tokenHeader(filter, head, index);
  if (header === undefined && fieldId(head, index) !== Field.Cookie) return undefined;
  const value = valuePiece(head, index);
  const rest = header === undefined ? filter.cookiesForApp(value) : filter.headerForApp(header, value);
  return rest === value ? undefined : rest;
}

function forClient(filter: TokenFilter, head: Head, index: number): string | undefined {
  const header = tokenHeader(filter, head, index);
  const isHidden =
    header === undefined
      ? fieldId(head, index) === Field.SetCookie && filter.hidesCookieFromClient(valuePiece(head, index))
      : header === filter.appHeader || filter.hidesFromClient(header, valuePiece(head, index));
  return isHidden ? '' : undefined;
}

const tokenHeader = (filter: TokenFilter, head: Head, index: number): string | undefined =>
  filter.headers.find(head.bytes, lineStart(head, index), nameEnd(head, index));
