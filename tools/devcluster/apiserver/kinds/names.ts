/** The syntax of names, labels and annotations, with the messages of Kubernetes. */

/** Returns what is wrong with the text; undefined: it is valid. */
type Check = (text: string) => string | undefined;

type Form = { pattern: string; max: number; rule: string; examples: readonly string[] };

function form({ pattern, max, rule, examples }: Form): Check {
  const whole = new RegExp(`^(?:${pattern})$`, 'u');
  const list = examples.map((example) => `'${example}'`).join(',  or ');
  return (text) => {
    if (text.length > max) return `must be no more than ${max} characters`;
    return whole.test(text) ? undefined : `${rule} (e.g. ${list}, regex used for validation is '${pattern}')`;
  };
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const bounded = 'must start and end with an alphanumeric character';

/** RFC 1123 subdomain: the name of most objects. */
export const subdomain = form({
  pattern: `${label}(\\.${label})*`,
  max: 253,
  rule: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and ${bounded}`,
  examples: ['example.com'],
});

const label1123 = form({
  pattern: label,
  max: 63,
  rule: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and ${bounded}`,
  examples: ['my-name', '123-abc'],
});

/** RFC 1123 label: namespaces. */
export const dnsLabel: Check = (text) => (text.includes('.') ? 'must not contain dots' : label1123(text));

/** RFC 1035 label: Services. */
export const dns1035Label = form({
  pattern: '[a-z]([-a-z0-9]*[a-z0-9])?',
  max: 63,
  rule: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ['my-name', 'abc-123'],
});

export const labelValue = form({
  pattern: `(${qualified})?`,
  max: 63,
  rule: `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and ${bounded}`,
  examples: ['MyValue', 'my_value', '12345'],
});

const namePart = form({
  pattern: qualified,
  max: 63,
  rule: `name part must consist of alphanumeric characters, '-', '_' or '.', and ${bounded}`,
  examples: ['MyName', 'my.name', '123-abc'],
});

/** `[prefix/]name`: keys of labels and annotations, finalizers. */
export const qualifiedName: Check = (text) => {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0) return "a qualified name must consist of a name and an optional DNS subdomain prefix and '/'";
  const name = second ?? first;
  const prefixProblem = second === undefined ? undefined : first === '' ? 'must be non-empty' : subdomain(first);
  if (prefixProblem !== undefined) return `prefix part ${prefixProblem}`;
  return name === '' ? 'name part must be non-empty' : namePart(name);
};

/** A name that may contain capitals and colons: those of RBAC. */
export const pathSegment: Check = (text) => {
  if (text === '.' || text === '..') return `may not be '${text}'`;
  const found = ['/', '%'].find((character) => text.includes(character));
  return found === undefined ? undefined : `may not contain '${found}'`;
};
