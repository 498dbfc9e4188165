/** The caching headers of a response that gets a session token. Few responses do: their headers are read as strings. */
import { isTargetedCacheControl, privateCacheControl } from '../http/cache-control.ts';
import { Field } from '../http/fields.ts';
import { fieldId, nameText, valuePiece } from './head-fields.ts';
import type { Head } from './head-parser.ts';

/** Returns the lines that replace the caching headers; undefined if these stay, because no shared cache may store the response. */
export function privateCacheLines(head: Head, method: string): string | undefined {
  const values: string[] = [];
  let hasExpires = false;
  let hasTargeted = false;
  for (let index = 0; index < head.count; index += 1) {
    if (fieldId(head, index) !== Field.Other) continue;
    const name = nameText(head, index).toLowerCase();
    if (name === 'cache-control') values.push(valuePiece(head, index));
    hasExpires ||= name === 'expires';
    hasTargeted ||= isTargetedCacheControl(name);
  }
  const cacheControl = values.join(', ');
  const value = privateCacheControl({ method, status: head.status, cacheControl, hasExpires, hasTargeted });
  return value === undefined ? undefined : `Cache-Control: ${value}\r\n`;
}

/** Whether field `index` is one of the headers that `privateCacheLines` replaces. */
export function isReplacedCaching(head: Head, index: number): boolean {
  const name = nameText(head, index).toLowerCase();
  return name === 'cache-control' || isTargetedCacheControl(name);
}
