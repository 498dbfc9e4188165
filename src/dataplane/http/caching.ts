/** The caching headers of a response that gets a session token. Few responses do: their headers are read as strings. */
import { isTargetedCacheControl, privateCacheControl } from './cache-control.ts';
import { Field } from './fields.ts';
import type { HeaderEdits } from './header-edits.ts';
import type { HeaderField } from './header-fields.ts';
import { fieldId, lineStart, nameEnd, nameText, valuePiece } from './head-fields.ts';
import type { Head } from './head.ts';

const isCaching = (name: string): boolean => name === 'cache-control' || isTargetedCacheControl(name);

/**
 * Returns the fields that replace the caching headers; undefined if these stay, because no shared cache may store the response. The filters of
 * the route count too, which may allow caches to store what the app does not.
 */
export function privateCacheFields(
  head: Head,
  method: string,
  edits: HeaderEdits | undefined,
): readonly HeaderField[] | undefined {
  const values: string[] = [];
  let hasExpires = false;
  let hasTargeted = false;
  const read = (name: string, value: string) => {
    if (name === 'cache-control') values.push(value);
    hasExpires ||= name === 'expires';
    hasTargeted ||= isTargetedCacheControl(name);
  };
  for (let index = 0; index < head.count; index += 1) {
    if (fieldId(head, index) === Field.Other && !isRemoved(head, index, edits)) {
      read(nameText(head, index).toLowerCase(), valuePiece(head, index));
    }
  }
  for (const { name, value } of edits?.added ?? []) read(name.toLowerCase(), value);
  const cacheControl = values.join(', ');
  const value = privateCacheControl({ method, status: head.status, cacheControl, hasExpires, hasTargeted });
  return value === undefined ? undefined : [{ name: 'Cache-Control', value }];
}

const isRemoved = (head: Head, index: number, edits: HeaderEdits | undefined): boolean =>
  edits?.removed.find(head.bytes, lineStart(head, index), nameEnd(head, index)) !== undefined;

/** Whether field `index` is one of the headers that `privateCacheFields` replaces. */
export const isReplacedCaching = (head: Head, index: number): boolean => isCaching(nameText(head, index).toLowerCase());

/** Returns the edits without what `privateCacheFields` replaces. */
export const withoutCaching = ({ removed, added }: HeaderEdits): HeaderEdits => ({
  removed,
  added: added.filter(({ name }) => !isCaching(name.toLowerCase())),
});
