/** Keeps what a route adds to responses away from the session tokens of this and other routes. */
import type { HeaderEdits } from '../http/header-edits.ts';
import type { HeaderField } from '../http/header-fields.ts';
import { foldName } from '../http/header-names.ts';
import type { TokenFilter } from '../routing.ts';

/** Returns the edits without the fields that an app must not set either. The lines of the session are added after all of them. */
export const sessionSafe = (edits: HeaderEdits, tokens: TokenFilter): HeaderEdits => ({
  ...edits,
  added: edits.added.filter((field) => !isHidden(field, tokens)),
});

function isHidden({ name, value }: HeaderField, tokens: TokenFilter): boolean {
  const folded = foldName(name);
  if (folded === 'set-cookie') return tokens.hidesCookieFromClient(value);
  const bytes = Buffer.from(name, 'latin1');
  const header = tokens.headers.find(bytes, 0, bytes.length);
  return header !== undefined && (header === tokens.appHeader || tokens.hidesFromClient(header, value));
}
