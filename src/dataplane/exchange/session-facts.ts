/** What of a response concerns the session of its request. */
import { Field } from '../http/fields.ts';
import type { Head } from '../http/head.ts';
import { countOf, fieldId, firstOf, lineStart, listText, nameEnd, valueText } from '../http/head-fields.ts';
import type { HeaderNames } from '../http/header-names.ts';
import type { SessionResponse, TokenFilter } from '../routing.ts';

export type AskedBy = { method: string; isHttps: boolean };

export function sessionFacts(head: Head, filter: TokenFilter, { method, isHttps }: AskedBy): SessionResponse {
  const failed = head.status >= 400;
  const endsSession = filter.endsSession(method, head.status) || asksForEnd(head);
  if (!endsSession && filter.appHeader === undefined && countOf(head, Field.SetCookie) === 0) {
    return unremarkable[isHttps ? 'https' : 'http'][failed ? 'failed' : 'succeeded'];
  }
  return {
    isHttps,
    setCookies: setCookies(head),
    appIds: filter.appHeader === undefined ? undefined : valuesOf(head, filter.headers, filter.appHeader),
    failed,
    endsSession,
  };
}

const asksForEnd = (head: Head): boolean =>
  countOf(head, Field.HoldfastSession) > 0 && listText(head, Field.HoldfastSession).toLowerCase() === 'end';

const noCookies: readonly string[] = [];

const unremarkableOf = (isHttps: boolean, failed: boolean): SessionResponse =>
  Object.freeze({ isHttps, setCookies: noCookies, appIds: undefined, failed, endsSession: false });

/** Most responses say nothing about their session. */
const unremarkable = {
  http: { failed: unremarkableOf(false, true), succeeded: unremarkableOf(false, false) },
  https: { failed: unremarkableOf(true, true), succeeded: unremarkableOf(true, false) },
};

function setCookies(head: Head): readonly string[] {
  if (countOf(head, Field.SetCookie) === 0) return noCookies;
  const values: string[] = [];
  for (let index = firstOf(head, Field.SetCookie); index < head.count; index += 1) {
    if (fieldId(head, index) === Field.SetCookie) values.push(valueText(head, index));
  }
  return values;
}

function valuesOf(head: Head, names: HeaderNames, wanted: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < head.count; index += 1) {
    const name = names.find(head.bytes, lineStart(head, index), nameEnd(head, index));
    if (name === wanted) values.push(valueText(head, index));
  }
  return values;
}
