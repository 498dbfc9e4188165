/**
 * The last-known-good table in a file: a proxy that restarts while the operator is unavailable routes by it. It contains signing keys and the
 * keys of certificates.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { sleep, type Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { Choice } from './choose.ts';
import { keptLines, readKeptLines } from './kept-lines.ts';

export interface LastKnownGood {
  /** Resolves with the stored table; undefined if there is none or it cannot be read. */
  read(): Promise<Choice | undefined>;
  /** Stores a table, soon: of several in a few seconds only the newest is written. A failure is logged; routing continues. */
  write(choice: Choice): void;
  /** Writes what is left, at once. Resolves when nothing is left. */
  settled(): Promise<void>;
}

/** The table is from no stream. */
const noStream = 0;
/** A restarted proxy without an operator knows the pods as of at most this long before. */
const pauseMs = 5000;
/** Takes less than a millisecond. */
const writeBytes = 64 * 1024;

export function createLastKnownGood(file: string, { clock, log }: { clock: Clock; log: Logger }): LastKnownGood {
  const stopping = new AbortController();
  let next: Choice | undefined;
  let writing: Promise<void> | undefined;

  const writeAll = async () => {
    for (let choice = next; choice !== undefined; choice = next) {
      next = undefined;
      try {
        await writeAtomically(file, keptLines(choice));
      } catch (error) {
        log.warn({ file, error: describeError(error) }, 'the last-known-good routing table was not written');
      }
      await sleep(clock, pauseMs, stopping.signal);
    }
    writing = undefined;
  };

  return {
    async read() {
      try {
        return { stream: noStream, ...readKeptLines(await readFile(file, 'utf8')) };
      } catch (error) {
        log.info({ file, error: describeError(error) }, 'no last-known-good routing table');
        return undefined;
      }
    },
    write(choice) {
      next = choice;
      writing ??= writeAll();
    },
    settled() {
      stopping.abort();
      return writing ?? Promise.resolve();
    },
  };
}

/** Writes another file and renames it: a reader sees the old table or the new one, never a part. Requests are served between two lines. */
async function writeAtomically(file: string, lines: Iterable<string>): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    let text = '';
    for (const line of lines) {
      text += line;
      if (text.length < writeBytes) continue;
      await handle.write(text);
      text = '';
    }
    await handle.write(text);
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
