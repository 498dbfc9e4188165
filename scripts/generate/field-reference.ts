/** `docs/reference/stickyworkload.md` and `docs/reference/holdfastproxy.md`: every field with its type, default, constraints and description. */
import { customResourceDefinition, nameLengthLimit, proxyDefinition } from '../../src/api/crd.ts';
import { defaultProxyObject, proxyKind, proxySpecSchema, proxyStatusSchema } from '../../src/api/holdfastproxy.ts';
import type { Rule, Schema } from '../../src/api/schema.ts';
import { specSchema } from '../../src/api/spec.ts';
import { statusSchema } from '../../src/api/status.ts';
import { apiVersion, kind } from '../../src/api/stickyworkload.ts';
import { tableFileSchema } from '../../src/api/table-file.ts';
import { unsupportedFields } from '../../src/core/resolve/spec-checks.ts';
import type { GeneratedFile } from './file.ts';
import { code, renderTable } from './markdown.ts';

type Field = { path: string; schema: Schema; required: boolean };

/** A field and the fields below it, in the order of the schema. */
function listFields(field: Field): Field[] {
  const { path, schema } = field;
  if (schema.type === 'array') {
    return [field, ...listFields({ path: `${path}[]`, schema: schema.items, required: false }).slice(1)];
  }
  if (schema.type !== 'object') return [field];
  const below = Object.entries(schema.properties).flatMap(([name, child]) => listFields(childOf(field, name, child)));
  const { additionalProperties: named } = schema;
  if (named?.type !== 'object') return [field, ...below];
  return [field, ...below, ...listFields({ path: `${path}.NAME`, schema: named, required: false })];
}

const childOf = ({ path, schema }: Field, name: string, child: Schema): Field => ({
  path: path === '' ? name : `${path}.${name}`,
  schema: child,
  required: schema.type === 'object' && (schema.required?.includes(name) ?? false),
});

function describeType(schema: Schema): string {
  if (schema.type === undefined) return 'integer or string';
  if (schema.type === 'array') return `list of ${describeType(schema.items)}`;
  if (schema.type === 'object' && schema.additionalProperties) {
    return schema.additionalProperties.type === 'object' ? 'map of objects' : 'map of strings';
  }
  return schema.type === 'string' && schema.format !== undefined ? schema.format : schema.type;
}

function describeDefault({ schema, required }: Field): string {
  if (required) return '**required**';
  const value = schema.default;
  // An object's own default is `{}`: what matters is what its fields then get.
  return value === undefined || JSON.stringify(value) === '{}'
    ? ''
    : code(typeof value === 'string' ? value : JSON.stringify(value));
}

function describeConstraints(schema: Schema): string {
  if (schema.type === 'array') {
    return [range(schema.minItems, schema.maxItems, 'entries'), describeConstraints(schema.items)]
      .filter(Boolean)
      .join('; ');
  }
  if (schema.type === 'integer') return range(schema.minimum, schema.maximum, '');
  if (schema.type !== 'string') return '';
  if (schema.enum) return schema.enum.map(code).join(', ');
  const pattern = schema.pattern === undefined ? '' : code(schema.pattern);
  return [range(schema.minLength, schema.maxLength, 'characters'), pattern].filter(Boolean).join('; ');
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  const bounds = [least === undefined ? '' : `≥ ${least}`, most === undefined ? '' : `≤ ${most}`]
    .filter(Boolean)
    .join(', ');
  return bounds && `${bounds} ${unit}`.trim();
}

function describeRules({ path, schema }: Field): string[] {
  const rules: readonly Rule[] = [
    ...(schema['x-kubernetes-validations'] ?? []),
    ...(schema.type === 'array' ? (schema.items['x-kubernetes-validations'] ?? []) : []),
  ];
  return rules.map((rule) => `- \`${path}${rule.fieldPath ?? ''}\`: ${rule.message}.`);
}

/** A section for one field of the spec or status, with all that is below it. */
function renderSection(field: Field, checkedBy: string): string {
  const fields = listFields(field);
  const table = renderTable(
    ['Field', 'Type', 'Default', 'Values', 'Description'],
    fields.map((each) => [
      code(each.path),
      describeType(each.schema),
      describeDefault(each),
      describeConstraints(each.schema),
      each.schema.description ?? '',
    ]),
  );
  const rules = fields.flatMap(describeRules);
  const refused = rules.length > 0 ? `\n\n${checkedBy}:\n\n${rules.join('\n')}` : '';
  return `### ${field.path}\n\n${table}${refused}`;
}

function renderSections(
  path: string,
  schema: Extract<Schema, { type: 'object' }>,
  checkedBy = 'Checked by the API server',
): string {
  return Object.entries(schema.properties)
    .map(([name, child]) => renderSection(childOf({ path, schema, required: true }, name, child), checkedBy))
    .join('\n\n');
}

const unsupported = unsupportedFields.map(({ path, supported, remedy }) => {
  const values = supported?.map((value) => code(String(value))).join(', ');
  return `- ${code(path)}${values === undefined ? '' : ` other than ${values}`}: ${remedy}.`;
});

const { names } = customResourceDefinition.spec;

const body = `# ${kind}

\`apiVersion: ${apiVersion}\`, \`kind: ${kind}\`, namespaced; for \`kubectl\` also \`${names.plural}\` and \`${names.shortNames.join('`, `')}\`.
Its name has at most ${nameLengthLimit} characters, because the Service and other objects are named after it.
A duration is one to four whole numbers with a unit: \`90s\`, \`1h30m\`, \`500ms\` (Gateway API's GEP-2257).

## Not supported

A StickyWorkload with one of these is not accepted (\`Accepted=False\`, reason \`UnsupportedField\`):

${unsupported.join('\n')}

## Spec

${renderSections('spec', specSchema)}

## Status

${renderSections('status', statusSchema)}
`;

export const fieldReference: GeneratedFile = { path: 'docs/reference/stickyworkload.md', body };

const { names: proxyNames } = proxyDefinition.spec;

const proxyBody = `# ${proxyKind}

\`apiVersion: ${apiVersion}\`, \`kind: ${proxyKind}\`, namespaced; for \`kubectl\` also \`${proxyNames.plural}\` and \`${proxyNames.shortNames.join('`, `')}\`.
The HoldfastProxy of a Gateway is the first of these: \`spec.infrastructure.parametersRef\` of the Gateway (for the Gateway that Holdfast generates: \`spec.dataplane.parametersRef\` of its
StickyWorkload), \`spec.parametersRef\` of its GatewayClass, and \`${defaultProxyObject}\` in the namespace of the operator. One applies as a whole; they are not merged. Without any, the defaults below apply.
Limits, timeouts, \`clientAddress\`, \`accessLog\` and \`drainTimeout\` reach running proxies without a rollout (a longer \`drainTimeout\` needs one, which Holdfast does).

## Spec

${renderSections('spec', proxySpecSchema)}

## Status

${renderSections('status', proxyStatusSchema)}
`;

export const proxyReference: GeneratedFile = { path: 'docs/reference/holdfastproxy.md', body: proxyBody };

const tableBody = `# Table file

What a proxy serves without Kubernetes: \`holdfast proxy --table FILE\`, in YAML or JSON. The [guide](../guide/standalone.md) begins with ten lines of it. \`holdfast proxy --check --table FILE\` says what a
file comes to, or every problem with its line. The same as JSON Schema, for editors: [table.schema.json](table.schema.json).
A duration is one to four whole numbers with a unit: \`90s\`, \`1h30m\`, \`500ms\`. Where a description speaks of a pod, it is an endpoint of the file.

${renderSections('', tableFileSchema, 'Checked as well')}
`;

export const tableReference: GeneratedFile = { path: 'docs/reference/table-file.md', body: tableBody };
