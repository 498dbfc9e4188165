/** `npm run bench`: builds what the image runs, measures it, and prints the figures. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../scripts/build/bundle.ts';
import { measureDevcluster } from './devcluster/devcluster.ts';
import type { Place } from './holdfast/proxy.ts';
import { measureAbuse } from './abuse/abuse.ts';
import { measureConnections, measureSessions, measureSidecar } from './memory/memory.ts';
import { cleanUp, interrupt } from './measure/cleanup.ts';
import { measureOperator } from './operator/operator.ts';
import { help, parseOptions, type Options } from './options.ts';
import { describeMachine } from './report/machine.ts';
import { renderSection, replaceSection } from './report/markdown.ts';
import type { Section, SectionName } from './report/section.ts';
import { measureRoutes } from './speed/routes.ts';
import { measureSpeed } from './speed/speed.ts';
import { measureTable } from './table/table.ts';

const document = join(import.meta.dirname, '../docs/benchmarks.md');

const progress = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const measures: Record<SectionName, (place: Place, options: Options) => Promise<Section>> = {
  speed: (place, options) => measureSpeed(place, { ...options, progress }),
  routes: (place, options) => measureRoutes(place, { ...options, progress }),
  sessions: (place, options) => measureSessions(place, { ...options, progress }),
  connections: (place, options) => measureConnections(place, { ...options, progress }),
  sidecar: (place) => measureSidecar(place),
  abuse: (place, options) => measureAbuse(place, { ...options, progress }),
  table: ({ folder }, options) => measureTable(folder, { ...options, progress }),
  operator: (place, options) => measureOperator(place, { ...options, progress }),
  devcluster: () => measureDevcluster(progress),
};

async function measureAll(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const place = { folder, dist: join(folder, 'dist') };
    const sections: Partial<Record<SectionName, Section & { machine: string }>> = {};
    progress('building');
    await bundle(place.dist);
    for (const name of options.only) {
      progress(`measuring: ${name}`);
      const machine = describeMachine(new Date());
      const section = await measures[name](place, options);
      publish(name, renderSection(section, machine), options);
      sections[name] = { machine, ...section };
      if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(sections, null, 2)}\n`);
    }
  } finally {
    await cleanUp();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Called after each section, so that its figures are printed even if a later section fails. */
function publish(name: SectionName, text: string, { write }: Options): void {
  process.stdout.write(`## ${name}\n\n${text}\n\n`);
  if (write) writeFileSync(document, replaceSection(readFileSync(document, 'utf8'), name, text));
}

// Stops the cluster and the programs also on a signal.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void interrupt().finally(() => process.exit(1));
  });
}

const parsed = parseOptions(process.argv.slice(2));
if (parsed.kind === 'help') {
  process.stdout.write(help);
} else if (parsed.kind === 'wrong') {
  process.stderr.write(`${parsed.problem}\n"npm run bench -- --help" lists the options.\n`);
  process.exitCode = 2;
} else {
  await measureAll(parsed.options);
}
