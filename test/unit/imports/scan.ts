/** What a TypeScript file imports, read from its syntax tree. */
import { parseSync, printSync } from '@swc/core';

/** `runtime`: the import is still there when the types are stripped, and so loads what it names. */
export type ImportEdge = { specifier: string; runtime: boolean };

type Node = Record<string, unknown>;

const parse = (text: string) => parseSync(text, { syntax: 'typescript', target: 'es2024' });

/** Every import, export-from, import() and import type of a file, in order. */
export function scanImports(text: string): ImportEdge[] {
  const edges: ImportEdge[] = [];
  visit(parse(text), (node) => {
    const edge = edgeOf(node);
    if (edge) edges.push(edge);
  });
  return edges;
}

/** The text without comments, as far as it is code. */
export const codeOf = (text: string): string => printSync(parse(text)).code;

function edgeOf(node: Node): ImportEdge | undefined {
  switch (node['type']) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      // `import { type A }` stays as `import {}` and loads the module: only `import type` does not count.
      return isNode(node['source'])
        ? { specifier: textOf(node['source']), runtime: node['typeOnly'] !== true }
        : undefined;
    case 'CallExpression':
      return isNode(node['callee']) && node['callee']['type'] === 'Import'
        ? { specifier: firstArgument(node), runtime: true }
        : undefined;
    case 'TsImportType':
      return isNode(node['argument']) ? { specifier: textOf(node['argument']), runtime: false } : undefined;
    default:
      return undefined;
  }
}

function firstArgument(call: Node): string {
  const [first] = Array.isArray(call['arguments']) ? (call['arguments'] as { expression: Node }[]) : [];
  return first ? textOf(first.expression) : '';
}

function textOf(literal: Node): string {
  if (typeof literal['value'] !== 'string') {
    throw new Error('an import() must name its module by a plain string: it could not be followed otherwise');
  }
  return literal['value'];
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) visit(each, see);
  } else if (isNode(value)) {
    see(value);
    for (const each of Object.values(value)) visit(each, see);
  }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;
