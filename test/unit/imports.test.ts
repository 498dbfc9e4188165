import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listFiles, loadedBy, readSource, resolveTarget } from './imports/files.ts';
import { judgeImport } from './imports/law.ts';
import { codeOf, scanImports } from './imports/scan.ts';

const tools = listFiles('tools', '.ts').filter((file) => !/\/(test|node_modules)\//.test(file));
const sources = [...listFiles('src', '.ts'), ...listFiles('sidecar', '.ts'), ...tools];

describe('import direction', () => {
  test('every import goes where CONTRIBUTING.md allows', () => {
    const imports = sources.flatMap((file) =>
      scanImports(readSource(file)).map(({ specifier }) => ({ file, target: resolveTarget(file, specifier) })),
    );
    expect(imports.length).toBeGreaterThan(20);
    expect(imports.flatMap(({ file, target }) => judgeImport(file, target) ?? [])).toEqual([]);
  });

  test.each([
    { why: 'the core knows no package', file: 'src/core/drain/gate.ts', target: 'pino', allowed: false },
    { why: 'the core knows no module of Node', file: 'src/core/drain/gate.ts', target: 'node:fs', allowed: false },
    { why: 'signing needs node:crypto', file: 'src/core/session/token.ts', target: 'node:crypto', allowed: true },
    { why: 'signing needs no other module', file: 'src/core/session/token.ts', target: 'node:fs', allowed: false },
    {
      why: 'only main.ts wires the live client',
      file: 'src/operator/gather/pods.ts',
      target: 'src/kube/live/client.ts',
      allowed: false,
    },
    { why: 'main.ts wires it', file: 'src/operator/main.ts', target: 'src/kube/live/client.ts', allowed: true },
    {
      why: 'the proxy knows no Kubernetes',
      file: 'src/dataplane/main.ts',
      target: 'src/kube/ports.ts',
      allowed: false,
    },
    {
      why: 'the request path knows no express',
      file: 'src/dataplane/server.ts',
      target: 'express',
      allowed: false,
    },
    {
      why: 'a name that only begins alike is another',
      file: 'src/dataplane/main.ts',
      target: 'src/core/names-of-others/x.ts',
      allowed: false,
    },
    {
      why: 'the product knows no tool',
      file: 'src/cli/main.ts',
      target: 'tools/demo/main.ts',
      allowed: false,
    },
    {
      why: 'the core may use the wire format',
      file: 'src/core/drain/gate.ts',
      target: 'src/wire/messages.ts',
      allowed: true,
    },
    {
      why: 'the core may not use the client of the operator',
      file: 'src/core/drain/gate.ts',
      target: 'src/wire/client/sidecar-client.ts',
      allowed: false,
    },
    { why: 'a folder without a rule is refused', file: 'src/utils/x.ts', target: 'src/api/spec.ts', allowed: false },
  ])('$why', ({ file, target, allowed }) => {
    expect(judgeImport(file, target) === undefined).toBe(allowed);
  });

  test('every form of import is seen, and whether it loads anything', () => {
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
  test('the sidecar: no npm package, and of the core only what it needs', () => {
    const loaded = loadedBy('sidecar/main.ts');
    expect(loaded).toContain('sidecar/main.ts');
    const foreign = loaded.filter(
      (name) => !/^(sidecar\/|src\/api\/|src\/wire\/|src\/core\/(drain|names)\/|src\/platform\/|node:)/.test(name),
    );
    expect(foreign).toEqual([]);
  });

  test('the proxy: no Kubernetes package, no part of the operator', () => {
    const loaded = loadedBy('src/dataplane/main.ts');
    expect(loaded).toContain('src/dataplane/main.ts');
    expect(loaded.filter((name) => /^(@kubernetes\/|@dot-i\/|src\/kube\/|src\/operator\/)/.test(name))).toEqual([]);
  });
});

describe('purity of the core and of the wire format', () => {
  // Time, chance and ids come in as arguments, or a decision could not be replayed.
  const impure =
    /\b(Date\.now|new Date\(\)|Math\.random|random(Bytes|FillSync|Int|UUID)|set(Timeout|Interval|Immediate)|performance\.|process\.|console\.|globalThis|fetch\()/g;
  const findImpure = (text: string) => [...codeOf(text).matchAll(impure)].map(([found]) => found);

  test('no clock, timer, chance or process', () => {
    const core = sources.filter((file) => /^src\/(core|wire(?!\/client))\//.test(file));
    expect(core.length).toBeGreaterThan(3);
    expect(core.flatMap((file) => findImpure(readSource(file)).map((found) => `${file}: ${found}`))).toEqual([]);
  });

  test('such code is found, and comments are not code', () => {
    expect(
      findImpure('const a = Date.now(); const b = new Date(); setTimeout(f, process.pid); // Math.random()'),
    ).toEqual(['Date.now', 'new Date()', 'setTimeout', 'process.']);
  });
});

describe('folders of src and tools', () => {
  const folders = sources.filter((file) => /^(src|tools)\//.test(file)).map((file) => posix.dirname(file));
  // src/core holds no file of its own, and has a README all the same.
  const all = [...new Set([...folders, ...folders.map((folder) => folder.split('/', 2).join('/'))])].toSorted();

  test('each has a README of at most 20 lines', () => {
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
