/** CEL with the functions that Kubernetes adds to it, as far as CRDs in use need them. */
import { isIP } from 'node:net';
import { Environment, Optional } from '@marcbachmann/cel-js';
import { registerReplacements } from './cel-replacements.ts';
import { isCidr } from './formats.ts';
import { compareQuantities, isQuantity, parseQuantity, Quantity } from './quantity.ts';
import { isUrl, parseUrl, queryOf, Url } from './url.ts';

/** One of `format.dns1123Label()` and its like: what is wrong with a text, in words. */
class NamedFormat {
  readonly problems: (text: string) => string[];
  constructor(problems: (text: string) => string[]) {
    this.problems = problems;
  }
}
/** The constant `format`, which has the formats as its methods. */
class FormatNamespace {
  readonly formats: Record<string, NamedFormat>;
  constructor(formats: Record<string, NamedFormat>) {
    this.formats = formats;
  }
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${label}(\\.${label})*$`);
const qualifiedPart = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const check = (pattern: RegExp, maxLength: number): NamedFormat =>
  new NamedFormat((text) =>
    text.length <= maxLength && pattern.test(text)
      ? []
      : [`must be at most ${maxLength} characters and match ${pattern.source}`],
  );

const dns1123Subdomain = check(dnsSubdomain, 253);
const namePart = check(qualifiedPart, 63);
const labelValue = new NamedFormat((text) => (text === '' ? [] : namePart.problems(text)));
const qualifiedName = new NamedFormat((text) => {
  const slash = text.indexOf('/');
  return [
    ...(slash < 0 ? [] : dns1123Subdomain.problems(text.slice(0, slash))),
    ...namePart.problems(text.slice(slash + 1)),
  ];
});
const namespace = new FormatNamespace({
  dns1123Label: check(dnsLabel, 63),
  dns1123Subdomain,
  labelValue,
  qualifiedName,
});

/** For evaluation everything is `dyn`: what a rule may do with the fields of a schema was checked when it was compiled. */
export const celEnvironment: Environment = createEnvironment();

function createEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  registerReplacements(environment);
  registerTexts(environment);
  registerFormats(environment);
  registerQuantities(environment);
  registerUrls(environment);
  registerLists(environment);
  return environment;
}

function registerTexts(environment: Environment): void {
  environment
    .registerFunction('isIP(string): bool', (text: string) => isIP(text) !== 0)
    .registerFunction('isCIDR(string): bool', isCidr)
    .registerFunction(
      'string.find(string): string',
      (text: string, pattern: string) => new RegExp(pattern).exec(text)?.[0] ?? '',
    )
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    );
}

function registerFormats(environment: Environment): void {
  environment
    .registerType('kubernetes.NamedFormat', NamedFormat)
    .registerType('kubernetes.FormatNamespace', FormatNamespace);
  environment.registerConstant('format', 'kubernetes.FormatNamespace', namespace);
  for (const [name, format] of Object.entries(namespace.formats)) {
    environment.registerFunction(`kubernetes.FormatNamespace.${name}(): kubernetes.NamedFormat`, () => format);
  }
  environment.registerFunction(
    'kubernetes.NamedFormat.validate(string): optional<list<string>>',
    (format: NamedFormat, text: string) => {
      const problems = format.problems(text);
      return problems.length > 0 ? Optional.of(problems) : Optional.none();
    },
  );
}

function registerQuantities(environment: Environment): void {
  environment
    .registerType('kubernetes.Quantity', Quantity)
    .registerFunction('isQuantity(string): bool', isQuantity)
    .registerFunction('quantity(string): kubernetes.Quantity', parseQuantity)
    .registerFunction('kubernetes.Quantity.compareTo(kubernetes.Quantity): int', (a: Quantity, b: Quantity) =>
      BigInt(compareQuantities(a, b)),
    )
    .registerFunction(
      'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool',
      (a: Quantity, b: Quantity) => compareQuantities(a, b) > 0,
    )
    .registerFunction(
      'kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool',
      (a: Quantity, b: Quantity) => compareQuantities(a, b) < 0,
    );
}

function registerUrls(environment: Environment): void {
  environment
    .registerType('kubernetes.URL', Url)
    .registerFunction('isURL(string): bool', isUrl)
    .registerFunction('url(string): kubernetes.URL', parseUrl)
    .registerFunction('kubernetes.URL.getScheme(): string', ({ parts }: Url) => parts.scheme)
    .registerFunction('kubernetes.URL.getHost(): string', ({ parts }: Url) => parts.host)
    .registerFunction('kubernetes.URL.getHostname(): string', ({ parts }: Url) => parts.hostname)
    .registerFunction('kubernetes.URL.getPort(): string', ({ parts }: Url) => parts.port)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', ({ parts }: Url) => parts.escapedPath)
    .registerFunction('kubernetes.URL.getQuery(): map<string, list<string>>', queryOf);
}

type Comparable = bigint | number | string;

function registerLists(environment: Environment): void {
  const isSorted = (list: Comparable[]): boolean =>
    list.every((item, index) => index === 0 || (list[index - 1] ?? item) <= item);
  environment
    .registerFunction('list.isSorted(): bool', isSorted)
    .registerFunction('list<int>.sum(): int', (list: bigint[]) => list.reduce((sum, item) => sum + item, 0n))
    .registerFunction('list<int>.min(): int', (list: bigint[]) =>
      list.reduce((least, item) => (item < least ? item : least)),
    )
    .registerFunction('list<int>.max(): int', (list: bigint[]) =>
      list.reduce((most, item) => (item > most ? item : most)),
    );
}
