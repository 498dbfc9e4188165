/** A routing table from a file, for a proxy in standalone mode. The file is polled: a file watch misses files that are renamed into place. */
import { readFile } from 'node:fs/promises';
import { describeRegexDefect, findRegexDefects, findRegexDefectsIn } from '../../core/routing/regex.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { parseRoutingTable } from '../../wire/parse-table.ts';
import type { Clock } from '../../platform/clock.ts';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { shareUnchanged } from '../../platform/share-unchanged.ts';

/** `onUnchanged`: the file still has the last table. */
export type TableFilePorts = {
  clock: Clock;
  log: Logger;
  onTable: (table: RoutingTable) => void;
  onUnchanged: () => void;
};

const pollMs = 1000;

/** A file that is unreadable or not a table is logged once and changes nothing. Returns a function that stops polling. */
export function followTableFile(file: string, { clock, log, onTable, onUnchanged }: TableFilePorts): () => void {
  let seen: string | undefined;
  let applied: string | undefined;
  let table: RoutingTable | undefined;
  let problem: string | undefined;
  let cancel = () => {};
  let stopped = false;

  const look = async () => {
    try {
      const text = await readFile(file, 'utf8');
      if (text !== seen && !stopped) {
        seen = text;
        const parsed = parse(text);
        table = table === undefined ? parsed : shareUnchanged(table, parsed);
        applied = text;
        onTable(table);
      } else if (text === applied && !stopped) onUnchanged();
      problem = undefined;
    } catch (error) {
      const described = describeError(error);
      if (described !== problem) log.error({ file, error: described }, 'invalid table file');
      problem = described;
    }
    if (!stopped) cancel = clock.after(pollMs, () => void look());
  };
  void look();

  return () => {
    stopped = true;
    cancel();
  };
}

function parse(text: string): RoutingTable {
  const parsed = parseRoutingTable(JSON.parse(text));
  const problem = 'problem' in parsed ? parsed.problem : findInvalidRegex(parsed.value);
  if ('value' in parsed && problem === undefined) return parsed.value;
  throw new AppError('TABLE_INVALID', String(problem), { source: 'internal', retryable: false });
}

/** The operator refuses such a route in its StickyWorkload; a file has no other check. */
function findInvalidRegex({ routes }: RoutingTable): string | undefined {
  const [defect] = routes.flatMap(({ match, persistence }, at) => [
    ...findRegexDefects(match, `table.routes[${at}].match`),
    ...findRegexDefectsIn(persistence?.newSessionOn ?? [], `table.routes[${at}].persistence.newSessionOn`),
    ...findRegexDefectsIn(persistence?.exclude ?? [], `table.routes[${at}].persistence.exclude`),
  ]);
  return defect && describeRegexDefect(defect);
}
