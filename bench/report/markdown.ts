/** Renders sections as Markdown, and replaces them in a document that is otherwise written by hand. */
import type { Section, SectionName, Table } from './section.ts';

export function renderSection({ tables, notes = [], skipped = [] }: Section, machine: string): string {
  const missing = skipped.map((reason) => `- Skipped: ${reason}`).join('\n');
  return [machine, ...tables.map(renderTable), ...notes, missing].filter((part) => part !== '').join('\n\n');
}

function renderTable({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  // The first column names what was measured; all others are figures.
  const rule = columns.map((_, number) => (number === 0 ? '---' : '---:'));
  return [`**${title}**`, '', line(columns), line(rule), ...rows.map(line)].join('\n');
}

/** Replaces the text between the two markers of a section. Throws if the document has no such markers, so that no figures are lost silently. */
export function replaceSection(document: string, name: SectionName, text: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) {
    throw new Error(`the document has no "${begin}" followed by "${end}": add both where the figures belong`);
  }
  return `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`;
}

const units = [
  { factor: 1024 ** 3, name: 'GiB' },
  { factor: 1024 ** 2, name: 'MiB' },
  { factor: 1024, name: 'KiB' },
];

/** Formats bytes with three significant digits. */
export function formatBytes(bytes: number): string {
  const unit = units.find(({ factor }) => Math.abs(bytes) >= factor);
  return unit === undefined ? `${Math.round(bytes)} B` : `${formatNumber(bytes / unit.factor)} ${unit.name}`;
}

/** Formats a number with three significant digits and grouped thousands. */
export function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
