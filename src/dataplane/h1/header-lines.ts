/** Header fields as lines of HTTP/1.1. */
import type { HeaderField } from '../http/header-fields.ts';

/** Returns the lines, each ending in CRLF. Most messages have none to add. */
export function linesOf(fields: readonly HeaderField[]): string {
  if (fields.length === 0) return '';
  let lines = '';
  for (const { name, value } of fields) lines += `${name}: ${value}\r\n`;
  return lines;
}
