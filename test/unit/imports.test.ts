import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listFiles, loadedBy, readSource, resolveTarget } from './imports/files.ts';
import { judgeImport } from './imports/law.ts';
import { codeOf, scanImports } from './imports/scan.ts';

const tools = listFiles('tools', '.ts').filter((file) => !/\/(test|node_modules)\//.test(file));
const sources = [...listFiles('src', '.ts'), ...listFiles('sidecar', '.ts'), ...tools];

describe('import direction', () => {
  test('every import is allowed by CONTRIBUTING.md', () => {
    const imports = sources.flatMap((file) =>
      scanImports(readSource(file)).map(({ specifier }) => ({ file, target: resolveTarget(file, specifier) })),
    );
    expect(imports.length).toBeGreaterThan(20);
    expect(imports.flatMap(({ file, target }) => judgeImport(file, target) ?? [])).toEqual([]);
  });

  test.each([
    { rule: 'the core imports no package', file: 'src/core/drain/gate.ts', target: 'pino', allowed: false },
    { rule: 'the core imports no module of Node', file: 'src/core/drain/gate.ts', target: 'node:fs', allowed: false },
    {
      rule: 'core/session may import node:crypto',
      file: 'src/core/session/token.ts',
      target: 'node:crypto',
      allowed: true,
    },
    {
      rule: 'core/session may import no other module of Node',
      file: 'src/core/session/token.ts',
      target: 'node:fs',
      allowed: false,
    },
    {
      rule: 'only main.ts may import the live client',
      file: 'src/operator/gather/pods.ts',
      target: 'src/kube/live/client.ts',
      allowed: false,
    },
    {
      rule: 'main.ts may import the live client',
      file: 'src/operator/main.ts',
      target: 'src/kube/live/client.ts',
      allowed: true,
    },
    {
      rule: 'the proxy may not import src/kube',
      file: 'src/dataplane/main.ts',
      target: 'src/kube/ports.ts',
      allowed: false,
    },
    {
      rule: 'the request path may not import express',
      file: 'src/dataplane/server.ts',
      target: 'express',
      allowed: false,
    },
    {
      rule: 'a folder with the same prefix is another folder',
      file: 'src/dataplane/main.ts',
      target: 'src/core/names-of-others/x.ts',
      allowed: false,
    },
    {
      rule: 'the product may not import tools',
      file: 'src/cli/main.ts',
      target: 'tools/demo/main.ts',
      allowed: false,
    },
    {
      rule: 'the core may import the wire format',
      file: 'src/core/drain/gate.ts',
      target: 'src/wire/messages.ts',
      allowed: true,
    },
    {
      rule: 'the core may not import the client of the operator',
      file: 'src/core/drain/gate.ts',
      target: 'src/wire/client/sidecar-client.ts',
      allowed: false,
    },
    { rule: 'a folder without a rule is refused', file: 'src/utils/x.ts', target: 'src/api/spec.ts', allowed: false },
  ])('$rule', ({ file, target, allowed }) => {
    expect(judgeImport(file, target) === undefined).toBe(allowed);
  });

  test('every form of import is found, and whether it loads a module', () => {
    const text = `
      import a from 'default'; import { type B } from 'names'; import type { C } from 'types'; import 'effect';
      export { d } from 'export-names'; export type { E } from 'export-types'; export * from 'export-all';
      // import x from 'comment';
      const f = async () => import('dynamic'); type G = import('import-type').G; const h = "import y from 'string'";`;
    const loads = (runtime: boolean) =>
      scanImports(text)
        .filter((edge) => edge.runtime === runtime)
        .map((edge) => edge.specifier);
    expect(loads(true)).toEqual(['default', 'names', 'effect', 'export-names', 'export-all', 'dynamic']);
    expect(loads(false)).toEqual(['types', 'export-types', 'import-type']);
  });
});

describe('what a process loads', () => {
  test('the sidecar loads no npm package, and of the core only what it needs', () => {
    const loaded = loadedBy('sidecar/main.ts');
    expect(loaded).toContain('sidecar/main.ts');
    const foreign = loaded.filter(
      (name) => !/^(sidecar\/|src\/api\/|src\/wire\/|src\/core\/(drain|names)\/|src\/platform\/|node:)/.test(name),
    );
    expect(foreign).toEqual([]);
  });

  test('the proxy loads no Kubernetes package and no part of the operator', () => {
    const loaded = loadedBy('src/dataplane/main.ts');
    expect(loaded).toContain('src/dataplane/main.ts');
    expect(loaded.filter((name) => /^(@kubernetes\/|@dot-i\/|src\/kube\/|src\/operator\/)/.test(name))).toEqual([]);
  });
});

describe('purity of the core and of the wire format', () => {
  // Time, randomness and ids are arguments, or a decision could not be repeated.
  const impure =
    /\b(Date\.now|new Date\(\)|Math\.random|random(Bytes|FillSync|Int|UUID)|set(Timeout|Interval|Immediate)|performance\.|process\.|console\.|globalThis|fetch\()/g;
  const findImpure = (text: string) => [...codeOf(text).matchAll(impure)].map(([found]) => found);

  test('the core and the wire format use no clock, timer, randomness or process', () => {
    const core = sources.filter((file) => /^src\/(core|wire(?!\/client))\//.test(file));
    expect(core.length).toBeGreaterThan(3);
    expect(core.flatMap((file) => findImpure(readSource(file)).map((found) => `${file}: ${found}`))).toEqual([]);
  });

  test('impure code is found, and comments are ignored', () => {
    expect(
      findImpure('const a = Date.now(); const b = new Date(); setTimeout(f, process.pid); // Math.random()'),
    ).toEqual(['Date.now', 'new Date()', 'setTimeout', 'process.']);
  });
});

describe('folders of src and tools', () => {
  const folders = sources.filter((file) => /^(src|tools)\//.test(file)).map((file) => posix.dirname(file));
  // src/core has only folders, and still a README.
  const all = [...new Set([...folders, ...folders.map((folder) => folder.split('/', 2).join('/'))])].toSorted();

  test('each have a README of at most 20 lines', () => {
    expect(all.length).toBeGreaterThan(5);
    const readmes = new Map(
      [...listFiles('src', 'README.md'), ...listFiles('tools', 'README.md')].map((file) => [
        posix.dirname(file),
        readSource(file),
      ]),
    );
    const lacking = all.filter((folder) => !readmes.has(folder));
    const long = [...readmes].filter(([, text]) => text.trimEnd().split('\n').length > 20).map(([folder]) => folder);
    expect({ lacking, long }).toEqual({ lacking: [], long: [] });
  });
});
