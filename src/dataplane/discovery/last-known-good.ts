/**
 * The last-known-good table in a file: a proxy that restarts while the operator is unavailable routes by it. It contains signing keys.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { parseTableMessage } from '../../wire/proxy-messages.ts';
import type { Choice } from './choose.ts';

export interface LastKnownGood {
  /** Resolves with the stored table; undefined if there is none or it cannot be read. */
  read(): Promise<Choice | undefined>;
  /** Stores a table. Of several tables that arrive during a write, only the newest is written. A failure is logged; routing continues. */
  write(choice: Choice): void;
  /** Resolves when no write is left. */
  settled(): Promise<void>;
}

/** The table is from no stream. */
const noStream = 0;

export function createLastKnownGood(file: string, log: Logger): LastKnownGood {
  let next: Choice | undefined;
  let writing: Promise<void> | undefined;

  const writeAll = async () => {
    for (let choice = next; choice !== undefined; choice = next) {
      next = undefined;
      try {
        await writeAtomically(file, serialize(choice));
      } catch (error) {
        log.warn({ file, error: describeError(error) }, 'the last-known-good routing table was not written');
      }
    }
    writing = undefined;
  };

  return {
    async read() {
      try {
        return parse(await readFile(file, 'utf8'));
      } catch (error) {
        log.info({ file, error: describeError(error) }, 'no last-known-good routing table');
        return undefined;
      }
    },
    write(choice) {
      next = choice;
      writing ??= writeAll();
    },
    settled: () => writing ?? Promise.resolve(),
  };
}

const serialize = ({ revision, asOfMs, table }: Choice) =>
  JSON.stringify({ type: 'table', replica: 'file', revision: String(revision), asOfMs, table });

function parse(text: string): Choice | undefined {
  const checked = parseTableMessage(text);
  if ('problem' in checked) {
    throw new AppError('TABLE_INVALID', checked.problem, { source: 'internal', retryable: false });
  }
  const message = checked.value;
  if (message.type !== 'table') return undefined;
  return { stream: noStream, revision: BigInt(message.revision), asOfMs: message.asOfMs, table: message.table };
}

/** Writes another file and renames it: a reader sees the old table or the new one, never a part. */
async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, file);
}
