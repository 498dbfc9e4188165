/** The tests of the official suite that must pass: `docs/conformance/expected.yaml`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const file = join(import.meta.dirname, '../../docs/conformance/expected.yaml');

const preamble = `# Tests of the official Gateway API conformance suite that must pass. A test that fails, or that is skipped because its feature is no
# longer in GatewayClass.status.supportedFeatures, fails \`npm run test:gateway\`. Written by \`npm run test:gateway -- --update\`.
`;

export const readExpected = (): string[] => (parse(readFileSync(file, 'utf8')) as { mustPass: string[] }).mustPass;

export function writeExpected(tests: readonly string[]): void {
  writeFileSync(file, `${preamble}mustPass:\n${tests.map((test) => `  - ${test}\n`).join('')}`);
}
