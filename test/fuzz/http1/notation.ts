/**
 * Bytes of HTTP/1.1 as lines of text. A line of the file is one of the message, with its CRLF written out; `\|` is where another TCP write begins; lines
 * that begin with # are comments. `# HEAD` is the method to which a response belongs, `# close` that the app closes the connection after it.
 */
import { escapeBytes, unescapeBytes } from '../escapes.ts';

export type Writes = readonly string[];

const comment = /^#.*$/gmu;

export function parseWrites(text: string): Writes {
  const bytes = text.replaceAll(comment, '').replaceAll('\n', '');
  return bytes.split('\\|').map(unescapeBytes);
}

export function formatWrites(writes: Writes): string {
  const pieces = writes.map((piece) => escapeBytes(piece).replaceAll('|', '\\x7c').replaceAll('\\n', '\\n\n'));
  return `${pieces.join('\\|').replaceAll(/^#/gmu, '\\x23')}\n`;
}

export type ResponseInput = { writes: Writes; method: 'GET' | 'HEAD'; closes: boolean };

export const parseResponse = (text: string): ResponseInput => ({
  writes: parseWrites(text),
  method: /^# HEAD$/mu.test(text) ? 'HEAD' : 'GET',
  closes: /^# close$/mu.test(text),
});

export const formatResponse = ({ writes, method, closes }: ResponseInput): string =>
  `${method === 'HEAD' ? '# HEAD\n' : ''}${closes ? '# close\n' : ''}${formatWrites(writes)}`;
