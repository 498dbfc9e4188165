import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { followTableFile } from '../../../../src/dataplane/discovery/table-file.ts';
import { eventually } from '../../../support/eventually.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { proxyTable } from '../../../support/proxy-table.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'table-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a table file is current for as long as it is read and has not changed; an invalid one is not', async () => {
  const file = path.join(folder, 'table.json');
  await writeFile(file, JSON.stringify(proxyTable({ endpoints: [{ pod: 'a' }] })));
  const clock = createManualClock();
  const seen: string[] = [];
  const stop = followTableFile(file, {
    clock,
    log: createMemoryLogger(),
    onTable: () => seen.push('table'),
    onUnchanged: () => seen.push('unchanged'),
  });
  /** The file is read again, and the next time is planned. */
  const poll = async () => {
    await eventually(
      () => clock.pending(),
      (timers) => timers === 1,
    );
    await clock.advance(1000);
    await eventually(
      () => clock.pending(),
      (timers) => timers === 1,
    );
  };
  await poll();
  expect(seen).toEqual(['table', 'unchanged']);
  await writeFile(file, '{}');
  await poll();
  await poll();
  expect(seen).toEqual(['table', 'unchanged']);
  stop();
});
