/** `npm run demo` with a Node that is too old for TypeScript reports it before it loads the demo. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-node-'));
  await mkdir(join(folder, 'scripts'));
  await cp('scripts/need-node.mjs', join(folder, 'scripts/need-node.mjs'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A program `node` that runs this one and reports another version. */
async function pretendToBe(version: string): Promise<void> {
  const other = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  await writeFile(
    join(folder, 'node'),
    `#!/bin/sh\nexec '${process.execPath}' --import "data:text/javascript,${encodeURIComponent(other).replaceAll("'", '%27')}" "$@"\n`,
  );
  await chmod(join(folder, 'node'), 0o755);
}

type Ended = { code: unknown; output: string };

async function runDemo(): Promise<Ended> {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: { demo: string } };
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  return new Promise((resolve) => {
    execFile('sh', ['-c', scripts.demo], { cwd: folder, env }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, output: out + err });
    });
  });
}

describe('npm run demo', () => {
  test.each(['12.22.12', '20.20.2', '24.8.0'])(
    'with Node %s prints the version that it needs, and how to get it',
    async (version) => {
      await pretendToBe(version);
      const { code, output } = await runDemo();
      expect(code).toBe(1);
      expect(output).toMatch(
        new RegExp(`^Holdfast needs Node 24.9 or newer; this is ${version}\\. .*npm ci --include=optional.*\n$`),
      );
    },
  );

  test.each(['24.9.0', '25.0.0'])('with Node %s starts the demo', async (version) => {
    await pretendToBe(version);
    // Which does not exist in this folder.
    expect((await runDemo()).output).toContain('tools/demo/main.ts');
  });

  test('the script that checks the version uses only syntax of Node 12', async () => {
    const source = await readFile('scripts/need-node.mjs', 'utf8');
    const writtenIn = (target: 'es2019' | 'es2024') =>
      transformSync(source, { jsc: { target, parser: { syntax: 'ecmascript' } }, module: { type: 'es6' } }).code;
    expect(writtenIn('es2019')).toBe(writtenIn('es2024'));
  });
});
