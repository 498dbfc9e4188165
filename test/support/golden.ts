/**
 * Golden tests: `<case>.in.yaml` beside `<case>.out.yaml`, one file for the input and one for the output.
 * GOLDEN_UPDATE=1 rewrites the outputs; review the diff.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';

const inputEnding = '.in.yaml';

/**
 * Declares one test for each `<case>.in.yaml` of the folder. `run` receives the parsed input and returns plain data (no class
 * instances). A folder without cases, or an output without its input, fails: a golden test without input proves nothing.
 */
export function goldenCases(dirUrl: URL, run: (input: unknown) => unknown, read: Read = parse): void {
  const files = existsSync(dirUrl) ? readdirSync(dirUrl).toSorted() : [];
  const cases = files.filter((file) => file.endsWith(inputEnding)).map((file) => file.slice(0, -inputEnding.length));

  test('the folder has cases, and no output is left over', () => {
    const outputs = files
      .filter((file) => file.endsWith('.out.yaml'))
      .map((file) => file.slice(0, -'.out.yaml'.length));
    expect(cases).not.toEqual([]);
    expect(outputs.filter((name) => !cases.includes(name))).toEqual([]);
  });

  if (cases.length > 0) {
    test.each(cases)('%s', (name) =>
      checkCase(new URL(`${name}${inputEnding}`, dirUrl), new URL(`${name}.out.yaml`, dirUrl), (text) =>
        run(read(text)),
      ),
    );
  }
}

type Read = (text: string) => unknown;

async function checkCase(input: URL, output: URL, run: (text: string) => unknown): Promise<void> {
  // Through JSON: values that a file cannot contain (undefined, a Map) must not make a difference.
  const actual: unknown = JSON.parse(JSON.stringify(await run(readFileSync(input, 'utf8'))));
  if (process.env['GOLDEN_UPDATE'] === '1') {
    writeFileSync(output, stringify(actual, { lineWidth: 140, aliasDuplicateObjects: false }));
  }
  if (!existsSync(output)) {
    throw new Error(`${output.pathname} is missing: run npm run golden:update and read what it wrote`);
  }
  expect(actual).toEqual(parse(readFileSync(output, 'utf8')));
}
