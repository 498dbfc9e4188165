/** One generated file: its path in the checkout and its text, without the header that says so. */
export type GeneratedFile = { path: string; body: string };

const notice = 'Generated from src/api by `npm run generate`; do not edit.';

/** The whole text of a generated file. */
export function withHeader(file: GeneratedFile): string {
  return file.path.endsWith('.md') ? `<!-- ${notice} -->\n\n${file.body}` : `# ${notice}\n${file.body}`;
}

/** Whether a text is a generated file's: one that nothing generates any more is stale. */
export const isGenerated = (text: string): boolean => (text.split('\n', 1)[0] ?? '').includes(notice);
