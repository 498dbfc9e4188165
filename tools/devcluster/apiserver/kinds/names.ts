/** The formats of names and labels, with the messages of Kubernetes. */

/** Returns what is wrong with the text; undefined if it is valid. */
type Check = (text: string) => string | undefined;

function form({
  pattern,
  max,
  message,
  examples,
}: {
  pattern: string;
  max: number;
  message: string;
  examples: readonly string[];
}): Check {
  const whole = new RegExp(`^(?:${pattern})$`, 'u');
  const list = examples.map((example) => `'${example}'`).join(',  or ');
  return (text) => {
    if (text.length > max) return `must be no more than ${max} characters`;
    return whole.test(text) ? undefined : `${message} (e.g. ${list}, regex used for validation is '${pattern}')`;
  };
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

/** RFC 1123 subdomain: the name of most objects. */
export const subdomain = form({
  pattern: `${label}(\\.${label})*`,
  max: 253,
  message:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  examples: ['example.com'],
});

const label1123 = form({
  pattern: label,
  max: 63,
  message:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  examples: ['my-name', '123-abc'],
});

/** RFC 1123 label: namespaces and containers. */
export const dnsLabel: Check = (text) => (text.includes('.') ? 'must not contain dots' : label1123(text));

/** RFC 1035 label: Services. */
export const dns1035Label = form({
  pattern: '[a-z]([-a-z0-9]*[a-z0-9])?',
  max: 63,
  message:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ['my-name', 'abc-123'],
});

export const labelValue = form({
  pattern: `(${qualified})?`,
  max: 63,
  message:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyValue', 'my_value', '12345'],
});

const namePart = form({
  pattern: qualified,
  max: 63,
  message:
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyName', 'my.name', '123-abc'],
});

const severalSlashes = [
  "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualified}')`,
  "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
].join(' ');

/** `[prefix/]name`: keys of labels and annotations, finalizers. */
export const qualifiedName: Check = (text) => {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0) return severalSlashes;
  if (second === undefined) return first === '' ? 'name part must be non-empty' : namePart(first);
  const prefixProblem = first === '' ? 'must be non-empty' : subdomain(first);
  if (prefixProblem !== undefined) return `prefix part ${prefixProblem}`;
  return second === '' ? 'name part must be non-empty' : namePart(second);
};

/** A name that may contain capital letters and colons, as those of RBAC do. */
export const pathSegment: Check = (text) => {
  if (text === '.' || text === '..') return `may not be '${text}'`;
  const found = ['/', '%'].find((character) => text.includes(character));
  return found === undefined ? undefined : `may not contain '${found}'`;
};
