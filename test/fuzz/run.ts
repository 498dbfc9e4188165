/** `npm run fuzz`: see `options.ts`. */
import { writeFinding, readFinding } from './findings.ts';
import { help, parseOptions, type Options } from './options.ts';
import { createHeapWatch } from './heap-watch.ts';
import type { Finding } from './campaign.ts';
import type { SurfaceName } from './surface.ts';
import { openCampaign, type OpenCampaign } from './surfaces.ts';

const progress = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const progressMs = 10_000;
const batchSize = 50;

async function fuzz(name: SurfaceName, { seed, seconds }: { seed: number; seconds: number }): Promise<boolean> {
  const opened = await openCampaign(name, { seed, learns: true });
  const { campaign } = opened;
  const startedMs = Date.now();
  const endMs = startedMs + seconds * 1000;
  const heap = createHeapWatch();
  const report = () => {
    const perSecond = Math.round((campaign.executions * 1000) / (Date.now() - startedMs));
    const { executions, behaviours } = campaign;
    progress(`${name}: ${executions} executions (${perSecond}/s), ${behaviours} behaviours, 0 findings`);
  };
  let finding = await campaign.runCorpus();
  for (let reportMs = startedMs + progressMs; finding === undefined && Date.now() < endMs;) {
    finding = (await campaign.runBatch(batchSize)) ?? heap.check();
    if (Date.now() < reportMs) continue;
    report();
    reportMs += progressMs;
  }
  if (finding === undefined) report();
  return conclude(finding, { opened, seed });
}

async function conclude(
  finding: Finding | undefined,
  { opened: { name, close }, seed }: { opened: OpenCampaign; seed: number },
): Promise<boolean> {
  await close();
  if (finding === undefined) return true;
  const file = writeFinding(finding, { name, seed });
  process.stdout.write(`${name}, seed ${seed}: ${finding.problem}\n\n${finding.input}\n`);
  process.stdout.write(`Run it again: npm run fuzz -- --replay ${file}\n`);
  return false;
}

async function replay(file: string): Promise<boolean> {
  const { name, seed, inputs } = readFinding(file);
  const { campaign, close } = await openCampaign(name, { seed, learns: true });
  const finding = await campaign.replay(inputs);
  progress(finding === undefined ? `${name}: ${inputs.length} inputs, nothing found` : `${name}: ${finding.problem}`);
  await close();
  return finding === undefined;
}

async function run({ seconds, seed, only, replay: file }: Options): Promise<boolean> {
  if (file !== undefined) return replay(file);
  progress(`seed ${seed}`);
  for (const name of only) {
    if (!(await fuzz(name, { seed, seconds: seconds / only.length }))) return false;
  }
  return true;
}

const parsed = parseOptions(process.argv.slice(2), Date.now());
if (parsed.kind === 'help') {
  process.stdout.write(help);
} else if (parsed.kind === 'wrong') {
  process.stderr.write(`${parsed.problem}\n"npm run fuzz -- --help" lists the options.\n`);
  process.exitCode = 2;
} else {
  process.exitCode = (await run(parsed.options)) ? 0 : 1;
}
