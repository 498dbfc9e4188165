/** Responses whose heads their app repeats: what was written for one is written for the next (docs/design/0044). */
import type { TokenFilter } from '../routing.ts';
import { Field } from './fields.ts';
import { countOf } from './head-fields.ts';
import type { Head } from './head.ts';
import type { HeaderEdits } from './header-edits.ts';
import type { HeaderField } from './header-fields.ts';
import type { Form, Returned } from './repeated-head.ts';

/** What changes in a response. */
type ResponseEdits = {
  readonly filter: TokenFilter | undefined;
  readonly sessionFields: readonly HeaderField[];
  readonly edits: HeaderEdits | undefined;
};

/** Returns how a response with the same head was written, if nothing has changed since; otherwise undefined. */
export function knownReturn(head: Head, changes: ResponseEdits, form: Form, hopLines: string): string | undefined {
  const known = head.repeated?.returned;
  if (known === undefined || known.form !== form || known.edits !== changes.edits || known.hopLines !== hopLines) {
    return undefined;
  }
  return concernsSession(head, changes) ? undefined : known.text;
}

/** Returns the text. */
export function keepReturn(
  head: Head,
  changes: ResponseEdits,
  { form, hopLines, text }: Omit<Returned, 'edits'>,
): string {
  if (head.repeated !== undefined && !concernsSession(head, changes)) {
    head.repeated.returned = { form, edits: changes.edits, hopLines, text };
  }
  return text;
}

/** What a session adds, and what it removes, is another thing each time. */
const concernsSession = (head: Head, { filter, sessionFields }: ResponseEdits): boolean =>
  sessionFields.length > 0 || (filter !== undefined && (filter.headers.size > 0 || countOf(head, Field.SetCookie) > 0));
