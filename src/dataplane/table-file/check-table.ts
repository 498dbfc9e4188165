/** `holdfast proxy --check --table FILE`: what would be served, or every problem. Changes nothing, not even the key file that a start creates. */
import { randomBytes } from 'node:crypto';
import { AppError, describeError } from '../../platform/errors.ts';
import { describeTable } from './describe-table.ts';
import { judgeTable } from './judge-table.ts';
import { createTableReader } from './table-reader.ts';

/** `isValid`: what the exit code says. */
export async function checkTableFile(file: string, nowMs: number): Promise<{ isValid: boolean; lines: string[] }> {
  try {
    const gathered = await createTableReader(file)();
    const isWithoutKeys = gathered.kind === 'parsed' && 'error' in gathered.keys;
    const keys = { text: randomBytes(32).toString('base64') };
    const { table } = judgeTable(isWithoutKeys ? { ...gathered, keys } : gathered)(nowMs);
    const note = isWithoutKeys ? ['The key file does not exist yet: the proxy creates it at its first start.'] : [];
    return { isValid: true, lines: [`${file}: valid`, ...describeTable(table), ...note] };
  } catch (error) {
    if (error instanceof AppError && error.code === 'TABLE_INVALID') {
      return { isValid: false, lines: error.message.split('\n') };
    }
    return { isValid: false, lines: [describeError(error)] };
  }
}
