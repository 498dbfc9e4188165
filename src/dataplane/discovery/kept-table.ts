/** The last table, kept in a file: a proxy that restarts while the operator is unavailable routes by it. It holds signing keys. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { parseTableMessage } from '../../wire/table-stream.ts';
import type { Choice } from './choose.ts';

export interface KeptTable {
  /** The kept table, or undefined where there is none that can be read. */
  read(): Promise<Choice | undefined>;
  /** Keeps it: the newest one wins where several come while one is being written. A failure is logged; routing goes on. */
  write(choice: Choice): void;
  /** Resolves when nothing is left to be written. */
  settled(): Promise<void>;
}

/** Kept tables come from no stream. */
const keptStream = 0;

export function createKeptTable(file: string, log: Logger): KeptTable {
  let next: Choice | undefined;
  let writing: Promise<void> | undefined;

  const writeAll = async () => {
    for (let choice = next; choice !== undefined; choice = next) {
      next = undefined;
      try {
        await writeAtomically(file, serialize(choice));
      } catch (error) {
        log.warn({ file, error: describeError(error) }, 'the routing table could not be kept');
      }
    }
    writing = undefined;
  };

  return {
    async read() {
      try {
        return parse(await readFile(file, 'utf8'));
      } catch (error) {
        log.info({ file, error: describeError(error) }, 'no kept routing table');
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
  JSON.stringify({ type: 'table', replica: 'kept', revision: String(revision), asOfMs, table });

function parse(text: string): Choice | undefined {
  const checked = parseTableMessage(text);
  if ('problem' in checked) {
    throw new AppError('TABLE_INVALID', checked.problem, { source: 'internal', retryable: false });
  }
  const message = checked.value;
  if (message.type !== 'table') return undefined;
  return { stream: keptStream, revision: BigInt(message.revision), asOfMs: message.asOfMs, table: message.table };
}

/** Written beside and moved over: a reader sees the old table or the new one, never half of one. */
async function writeAtomically(file: string, text: string): Promise<void> {
  const beside = `${file}.new`;
  await writeFile(beside, text, { mode: 0o600 });
  await rename(beside, file);
}
