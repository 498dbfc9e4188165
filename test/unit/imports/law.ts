/** Who may import whom: the table of CONTRIBUTING.md. */

/** `but`: folders inside of those in `may` that are still forbidden. */
type Article = { from: string; may: readonly string[]; but?: readonly string[] };

const clientPackages = ['@kubernetes/client-node', '@dot-i/k8s-operator'];
/** Only the proxy and the sidecar call the operator. */
const operatorClient = ['src/wire/client'];
const operatorMay = [
  'src/api',
  'src/wire',
  'src/core',
  'src/platform',
  'src/kube/ports.ts',
  'src/kube/resources.ts',
  'src/kube/watch',
  'express',
  '@peculiar/x509',
  'node:',
];
const dataplaneMay = [
  'src/api',
  'src/wire',
  ...['names', 'routing', 'session', 'balance'].map((name) => `src/core/${name}`),
  'src/platform',
  'node:',
];

const requestPath = (...names: string[]) => names.map((name) => `src/dataplane/${name}`);
/** A codec knows neither the sessions nor the exchange. */
const codecMay = requestPath(
  'routing.ts',
  'streams.ts',
  'context.ts',
  'counters.ts',
  'http',
  'net',
  'listener',
  'upstream/connection.ts',
);

/** The first article whose `from` covers a file holds. Every folder may also import itself. */
const law: readonly Article[] = [
  { from: 'src/api', may: [] },
  { from: 'src/wire/client', may: ['src/wire', 'src/platform', 'node:'] },
  { from: 'src/wire', may: ['src/api', 'src/platform/record.ts', 'src/platform/cidr.ts'], but: operatorClient },
  { from: 'src/core/names', may: ['src/api', 'node:crypto'], but: operatorClient },
  { from: 'src/core/session', may: ['src/api', 'src/core', 'src/wire', 'node:crypto'], but: operatorClient },
  {
    from: 'src/core/backend-tls',
    may: ['src/api', 'src/core', 'src/wire', 'node:crypto'],
    but: operatorClient,
  },
  {
    from: 'src/core/listener',
    may: ['src/api', 'src/core', 'src/wire', 'src/platform/record.ts', 'node:crypto', 'node:tls'],
    but: operatorClient,
  },
  {
    from: 'src/core/routing',
    may: ['src/api', 'src/core', 'src/wire', 're2js'],
    but: operatorClient,
  },
  {
    from: 'src/core/table-file',
    may: ['src/api', 'src/core', 'src/wire', 'src/platform/record.ts', 'src/platform/cidr.ts', 'node:crypto'],
    but: operatorClient,
  },
  {
    from: 'src/core',
    may: ['src/api', 'src/wire', 'src/platform/record.ts', 'src/platform/cidr.ts'],
    but: operatorClient,
  },
  { from: 'src/platform', may: ['node:', 'pino', 'prom-client', 'express'] },
  { from: 'src/kube/ports.ts', may: [] },
  { from: 'src/kube/resources.ts', may: ['src/kube/ports.ts'] },
  { from: 'src/kube/watch', may: ['src/kube/ports.ts', 'src/kube/resources.ts', 'src/platform'] },
  {
    from: 'src/kube/live',
    may: ['src/kube/ports.ts', 'src/kube/resources.ts', 'src/kube/watch', 'src/platform', 'node:', ...clientPackages],
  },
  { from: 'src/operator/main.ts', may: [...operatorMay, 'src/operator', 'src/kube/live'], but: operatorClient },
  { from: 'src/operator', may: operatorMay, but: operatorClient },
  {
    from: 'src/dataplane/table-file',
    may: [...dataplaneMay, 'src/core/table-file', 'src/core/listener/certificate.ts', 'yaml'],
  },
  { from: 'src/dataplane/admin', may: [...dataplaneMay, 'src/dataplane', 'express'] },
  { from: 'src/dataplane/workers', may: [...dataplaneMay, 'src/dataplane'] },
  { from: 'src/dataplane/net', may: ['src/wire', 'src/platform', 'node:'] },
  { from: 'src/dataplane/http', may: [...requestPath('routing.ts'), 'node:'] },
  { from: 'src/dataplane/filters', may: ['src/wire', 'src/platform/backoff.ts', ...requestPath('routing.ts', 'http')] },
  { from: 'src/dataplane/tls', may: ['src/wire', 'src/core/routing', 'src/platform', 'node:', ...requestPath('net')] },
  { from: 'src/dataplane/h1', may: [...codecMay, 'node:'] },
  { from: 'src/dataplane/h2', may: [...codecMay, 'src/platform', 'node:'] },
  {
    from: 'src/dataplane/listener',
    may: ['src/platform', 'node:', ...requestPath('context.ts', 'counters.ts', 'http', 'net', 'tls', 'h1/replies.ts')],
  },
  {
    from: 'src/dataplane/upstream',
    may: ['src/wire', 'src/platform', 'node:', ...requestPath('routing.ts', 'streams.ts', 'net')],
  },
  {
    from: 'src/dataplane/exchange',
    may: [
      'src/wire',
      'src/platform',
      ...requestPath('routing.ts', 'streams.ts', 'context.ts', 'counters.ts', 'http', 'net', 'upstream', 'access-log'),
    ],
  },
  {
    from: 'src/dataplane/sessions',
    may: [...dataplaneMay, ...requestPath('routing.ts', 'http', 'filters')],
  },
  { from: 'src/dataplane', may: dataplaneMay },
  { from: 'src/cli', may: ['src', 'sidecar', 'package.json', 'yaml', 'node:'] },
  {
    from: 'tools/devcluster',
    may: [
      'src/kube/ports.ts',
      'src/kube/resources.ts',
      'src/platform',
      'node:',
      '@marcbachmann/cel-js',
      'rfc6902',
      'yaml',
    ],
  },
  {
    from: 'tools/demo',
    may: ['tools/devcluster', 'src', 'node:', '@kubernetes/client-node', 'express', 'ws', 'yaml'],
  },
  {
    from: 'sidecar',
    may: ['src/api', 'src/core/drain', 'src/core/names', 'src/wire', 'src/platform', 'node:'],
  },
];

/** `src/core` covers what is below it, `node:` every module of Node, a package its subpaths. */
const covers = (name: string, target: string): boolean =>
  name === '' || target === name || target.startsWith(name.endsWith(':') ? name : `${name}/`);

/** What is wrong with one import, or undefined. `target` is a path in the checkout, a package or a module of Node. */
export function judgeImport(file: string, target: string): string | undefined {
  const article = law.find(({ from }) => covers(from, file));
  if (!article) return `${file}: no rule says what it may import`;
  const allowed =
    [article.from, ...article.may].some((name) => covers(name, target)) &&
    !(article.but ?? []).some((name) => covers(name, target));
  return allowed
    ? undefined
    : `${file} imports ${target}, and may import only ${article.may.filter(Boolean).join(', ') || 'its own folder'}`;
}
