/** Reads a table file with the files that it names. */
import { readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { tableFileSchema, type TableFile } from '../../api/table-file.ts';
import { applySchema, type Problem } from '../../core/table-file/apply-schema.ts';
import { filesOf } from '../../core/table-file/expand-table.ts';
import { findConflicts } from '../../core/table-file/find-conflicts.ts';
import { AppError } from '../../platform/errors.ts';
import { isRecord } from '../../platform/record.ts';
import { parseText } from './parse-text.ts';

/** What is in a file, or why it cannot be read. */
export type FileText = { text: string } | { error: string };

/** The table of people, valid by itself. `place`: makes a problem a line with its file, line and column. */
export type ParsedTable = { table: TableFile; place: (problem: Problem) => string };

/**
 * `state`: equal as long as nothing has changed. `wire`: the file is a routing table as the operator sends it, which tests and benchmarks write;
 * `parsed` is what people write.
 */
export type GatheredTable = { state: string } & (
  | { kind: 'wire'; value: unknown }
  | { kind: 'parsed'; parsed: ParsedTable; keys: FileText; files: ReadonlyMap<string, FileText> }
);

export const invalidTable = (message: string): AppError =>
  new AppError('TABLE_INVALID', message, { source: 'internal', retryable: false });

/** `file`: as the user wrote it, for messages. Parses a text once. */
export function createTableReader(file: string): () => Promise<GatheredTable> {
  const beside = (name: string) => path.resolve(path.dirname(file), name);
  let known: { text: string; parsed: ParsedTable } | undefined;

  return async () => {
    const text = await readTable(file);
    const value = wireTableIn(text);
    if (value !== undefined) return { kind: 'wire', state: text, value };
    const parsed = known?.text === text ? known.parsed : parseTable(file, text);
    known = { text, parsed };
    const keys = await readBeside(beside(parsed.table.keyFile));
    const files = new Map<string, FileText>();
    for (const name of filesOf(parsed.table)) files.set(name, await readBeside(beside(name)));
    return { kind: 'parsed', state: JSON.stringify([text, keys, [...files]]), parsed, keys, files };
  };
}

async function readTable(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw invalidTable(`${file}: cannot be read: ${reasonOf(error)}`);
  }
}

/** The message alone, such as `ENOENT: no such file or directory, open '/etc/holdfast/shop.crt'`. */
const reasonOf = (error: unknown): string => (isRecord(error) ? String(error['message']) : String(error));

async function readBeside(file: string): Promise<FileText> {
  try {
    return { text: await readFile(file, 'utf8') };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

/** Returns the value of a text that is such a table: it names its Gateway, which a table file does not. */
function wireTableIn(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && 'gateway' in value ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseTable(file: string, text: string): ParsedTable {
  const parsed = parseText(text);
  if ('problems' in parsed) throw invalidTable(parsed.problems.map((problem) => `${file}:${problem}`).join('\n'));
  const place = (problem: Problem) => {
    const field = fieldOf(problem.path);
    return `${file}:${parsed.locate(problem)}: ${field === '' ? '' : `${field}: `}${problem.message}`;
  };
  const read = applySchema(tableFileSchema, parsed.value);
  const problems = 'problems' in read ? read.problems : findConflicts(read.value);
  if ('problems' in read || problems.length > 0) throw invalidTable(problems.map(place).join('\n'));
  return { table: read.value, place };
}

/** `backends.cart.endpoints[0].address`. */
const fieldOf = (steps: Problem['path']): string =>
  steps.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${step}`)).join('');

/**
 * Creates the key file if it does not exist, only for the user of the proxy. Not of another process that starts at the same time. Returns whether it
 * did.
 */
export async function createKeyFile(file: string, { keyFile }: TableFile): Promise<boolean> {
  const target = path.resolve(path.dirname(file), keyFile);
  try {
    await writeFile(target, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (isRecord(error) && error['code'] === 'EEXIST') return false;
    throw invalidTable(
      `${file}: keyFile: ${target} does not exist and cannot be created: ${reasonOf(error)}: write it with \`openssl rand -base64 32\`, or set keyFile to a path that the proxy can write`,
    );
  }
}
