/**
 * Bytes as text that a person can read and edit: printable ASCII as it is, everything else by the escapes of JavaScript, `\{A*9000}` for 9000 times A.
 * A string of bytes is latin1 throughout.
 */
const names: Record<string, string> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\0': '\\0', '\\': '\\\\' };
const characters: Record<string, string> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' };

const escapeOne = (character: string): string =>
  names[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

export const escapeBytes = (bytes: string): string =>
  bytes.replace(/([ -[\]-~])\1{39,}/gu, run).replace(/[^ -~]|\\(?!\{.\*\d+\})/gu, escapeOne);

const run = (repeated: string): string => `\\{${repeated[0]}*${repeated.length}}`;

const escape = /\\(?:x([0-9a-fA-F]{2})|\{(.)\*(\d+)\}|([rnt0\\]))/gu;

export function unescapeBytes(text: string): string {
  return text.replace(escape, (...[, code, repeated, times, name]: (string | undefined)[]) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return repeated === undefined ? (characters[name ?? ''] ?? '') : repeated.repeat(Number(times));
  });
}
