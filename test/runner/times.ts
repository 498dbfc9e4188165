/** Durations of a run: of each layer, and of its slowest test files and tests. */

export type TestFile = { path: string; tookMs: number; tests: readonly TestTime[] };
type TestTime = { title: string; tookMs: number };

/** The part of jest's `--json` report that has durations. */
export type JestTimes = {
  testResults: readonly {
    /** The absolute path of the file. */
    name: string;
    startTime: number;
    endTime: number;
    /** `duration` is null or absent for a test that did not run. */
    assertionResults: readonly { fullName: string; duration?: number | null }[];
  }[];
};

export type LayerTimes = {
  layer: string;
  tookMs: number;
  files: readonly TestFile[];
};

const slowestCount = 10;

/** Returns the files of a report, with paths relative to `root`. */
export function readTestFiles({ testResults }: JestTimes, root: string): TestFile[] {
  return testResults.map(({ name, startTime, endTime, assertionResults }) => ({
    path: name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name,
    tookMs: Math.max(0, endTime - startTime),
    tests: assertionResults.map(({ fullName, duration }) => ({ title: fullName, tookMs: duration ?? 0 })),
  }));
}

/** Returns the lines to print at the end of a run. Layers that run side by side add up to more than the total. */
export function formatTimes(layers: readonly LayerTimes[], totalMs: number): string[] {
  const files = layers.flatMap(({ layer, files: of }) => of.map((file) => ({ layer, ...file })));
  const tests = files.flatMap(({ layer, path, tests: of }) =>
    of.map(({ title, tookMs }) => ({ layer, tookMs, name: `${path}: ${title}` })),
  );
  return [
    `The run took ${formatDuration(totalMs)}.`,
    'Time of each layer:',
    ...layers.map(({ layer, tookMs }) => row(tookMs, layer)),
    'Slowest test files:',
    ...slowest(files).map(({ layer, path, tookMs }) => row(tookMs, `${layer}  ${path}`)),
    'Slowest tests:',
    ...slowest(tests).map(({ layer, name, tookMs }) => row(tookMs, `${layer}  ${name}`)),
  ];
}

const slowest = <T extends { tookMs: number }>(all: readonly T[]): T[] =>
  all
    .filter(({ tookMs }) => tookMs > 0)
    .toSorted((one, other) => other.tookMs - one.tookMs)
    .slice(0, slowestCount);

const row = (tookMs: number, what: string): string => `  ${formatDuration(tookMs).padStart(11)}  ${what}`;

/** `12 min 3 s`, `3.4 s`. */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
