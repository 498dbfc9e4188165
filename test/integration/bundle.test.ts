import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Metafile } from 'esbuild';
import { bundle } from '../../scripts/build/bundle.ts';
import manifest from '../../package.json' with { type: 'json' };

let folder = '';
let outputs: Metafile['outputs'] = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-bundle-'));
  outputs = await bundle(folder);
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

type Ended = { code: number; out: string; err: string };

/** Runs the bundled command line without any configuration. */
function holdfast(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { HOME: folder }, timeout: 20_000 };
    const child = execFile(process.execPath, [join(folder, 'holdfast.js'), ...args], options, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

describe('the command line of the image', () => {
  test('--help lists the commands', async () => {
    const { code, out } = await holdfast('--help');
    expect(code).toBe(0);
    expect(out).toMatch(/operator .*\n.*proxy .*\n.*translate .*\n.*sidecar /);
  });

  test('--version is that of the package', async () => {
    expect(await holdfast('--version')).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
  });

  test('an unknown command names the command that lists the known ones', async () => {
    expect(await holdfast('oprator')).toEqual({
      code: 2,
      out: '',
      err: 'holdfast: unknown command "oprator"; "holdfast --help" lists the commands\n',
    });
  });

  test('the demo is not in the image: its command names npm run demo', async () => {
    expect(await holdfast('demo')).toEqual({
      code: 2,
      out: '',
      err: 'holdfast: the image does not contain the demo; run it from a checkout of the repository: npm ci && npm run demo\n',
    });
  });

  test('a call without a command fails and shows the help', async () => {
    expect(await holdfast()).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('Usage: holdfast COMMAND'),
    });
  });

  test.each(['operator', 'proxy', 'sidecar'])(
    '%s loads, and names the configuration that is missing',
    async (command) => {
      const { code, out, err } = await holdfast(command);
      expect(code).toBe(1);
      expect(out + err).toMatch(/[A-Z]+_[A-Z_]+ (is required|is not set|must be)/);
    },
  );
});

/** Packages in the chunks that a command needs, found by the file that it starts. */
function packagesOf(entry: string): string[] {
  const open = Object.keys(outputs).filter((name) => outputs[name]?.entryPoint === entry);
  expect(open).toHaveLength(1);
  const seen = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(
      ...(outputs[name]?.imports ?? [])
        .filter(({ external, kind }) => external !== true && kind !== 'dynamic-import')
        .map(({ path }) => path),
    );
  }
  const inputs = [...seen].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));
  return [...new Set(inputs.flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []))];
}

describe('what a command of the image loads', () => {
  test('the command line itself: no package', () => {
    expect(packagesOf('src/cli/main.ts')).toEqual([]);
  });

  test('the sidecar: no package', () => {
    expect(packagesOf('sidecar/main.ts')).toEqual([]);
  });

  test('the proxy: nothing of Kubernetes', () => {
    expect(packagesOf('src/dataplane/main.ts').filter((name) => /kubernetes|dot-i/.test(name))).toEqual([]);
  });

  test('the operator: the Kubernetes client, without its unused parts', () => {
    const packages = packagesOf('src/operator/main.ts');
    expect(packages).toContain('@kubernetes/client-node');
    expect(packages).not.toContain('gaxios');
    const size = Object.entries(outputs)
      .filter(([name]) => name.endsWith('.js'))
      .reduce((sum, [, { bytes }]) => sum + bytes, 0);
    expect(size).toBeLessThan(12 * 1024 * 1024);
  });
});
