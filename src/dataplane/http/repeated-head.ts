/**
 * What was made of a head that its peer sends again and again, as clients of gRPC and their servers do: the next one with the same bytes need not be
 * judged and written again. Only a head that is never overwritten has this (`h1/known-head.ts`, `h2/known-blocks.ts`).
 */
import type { ReadBefore, RequestEdits, TokenFilter } from '../routing.ts';
import type { HeaderEdits } from './header-edits.ts';
import type { Framing, RequestMeaning } from './message.ts';

export type RepeatedHead = ReadBefore & {
  /** As a valid request. `hasUnknownLength`: content follows, though the head may not say so. */
  request: { readonly meaning: RequestMeaning; readonly hasUnknownLength: boolean } | undefined;
  /** What its fields say of its content. */
  framing: Framing | undefined;
  forwarded: Forwarded | undefined;
  /** As a response without anything of a session. */
  returned: Returned | undefined;
  trailers: string | undefined;
};

/** The request that is written. */
type Asked = {
  readonly head: { readonly repeated: RepeatedHead | undefined };
  readonly hop: object;
  readonly framing: Framing;
};

/** What changes in a request. `isLast`: also its connection. */
type Changes = {
  readonly filter: TokenFilter;
  readonly edits: RequestEdits | undefined;
  readonly isLast?: boolean | undefined;
};

/** A request as it was written, and all that decides about that beside its head. */
type Forwarded = {
  readonly form: Form;
  /** The connection from which the request came. */
  readonly hop: object;
  /** Whether the request has content may be known from elsewhere. */
  readonly framing: Framing['kind'];
  readonly filter: TokenFilter;
  readonly filterVersion: number;
  readonly edits: RequestEdits | undefined;
  readonly text: string;
};

export type Form = 'HTTP1' | 'HTTP2';

/** A response as it was written, and all that decides about that beside its head. */
export type Returned = {
  readonly form: Form;
  readonly edits: HeaderEdits | undefined;
  readonly hopLines: string;
  readonly text: string;
};

export const createRepeatedHead = (): RepeatedHead => ({
  request: undefined,
  framing: undefined,
  forwarded: undefined,
  returned: undefined,
  trailers: undefined,
  tokens: undefined,
});

/** Returns how a request with the same head was written, if nothing has changed since; otherwise undefined. */
export function knownText(
  { head, hop, framing }: Asked,
  { filter, edits, isLast }: Changes,
  form: Form,
): string | undefined {
  const known = head.repeated?.forwarded;
  if (known === undefined || known.form !== form || known.hop !== hop || known.framing !== framing.kind) {
    return undefined;
  }
  const isSame = known.filter === filter && known.filterVersion === filter.version && known.edits === edits;
  return isSame && isLast !== true ? known.text : undefined;
}

/** Returns the text. */
export function keepText(
  { head: { repeated }, hop, framing }: Asked,
  { filter, edits, isLast }: Changes,
  form: Form,
  text: string,
): string {
  if (repeated === undefined || isLast === true) return text;
  repeated.forwarded = { form, hop, framing: framing.kind, filter, filterVersion: filter.version, edits, text };
  return text;
}
