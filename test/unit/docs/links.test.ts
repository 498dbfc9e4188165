import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const ignored = new Set(['node_modules', 'dist', '.git']);

function listDocuments(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return ignored.has(entry.name) ? [] : listDocuments(join(folder, entry.name));
    return entry.name.endsWith('.md') ? [join(folder, entry.name)] : [];
  });
}

/** The text outside of code, where brackets are not links and `#` is not a heading. */
const proseOf = (markdown: string): string => markdown.replaceAll(/^```.*?^```/gms, '');

const linksOf = (markdown: string): string[] =>
  [
    ...proseOf(markdown)
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].flatMap(([, target]) => target ?? []);

/** GitHub's anchors: lower case, punctuation removed, spaces as hyphens. */
const anchorsOf = (markdown: string): string[] =>
  [...proseOf(markdown).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

function findProblem(document: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(target)) return `${document}: ${link} does not exist`;
  if (anchor === undefined || statSync(target).isDirectory()) return undefined;
  return anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
    ? undefined
    : `${document}: ${link} has no such heading`;
}

test('every relative link in a Markdown file leads to an existing file and heading', () => {
  const documents = listDocuments('.');
  expect(documents).toContain('README.md');
  const problems = documents.flatMap((document) =>
    linksOf(readFileSync(document, 'utf8')).flatMap((link) => findProblem(document, link) ?? []),
  );
  expect(problems).toEqual([]);
});

test('the index of the design records lists every record with its title', () => {
  const index = readFileSync('docs/design/README.md', 'utf8');
  const records = readdirSync('docs/design').filter((name) => name !== 'README.md');
  const missing = records.filter((name) => {
    const [, number, title] = /^# (\d{4}) (.*)$/m.exec(readFileSync(join('docs/design', name), 'utf8')) ?? [];
    return !name.startsWith(`${number}-`) || !index.includes(`[${number}](${name}) ${title}`);
  });
  expect(missing).toEqual([]);
});

test.each(['Status:', 'Date:', '## Context', '## Decision', '## Alternatives', '## Consequences'])(
  'every design record has the part "%s"',
  (part) => {
    const records = readdirSync('docs/design').filter((name) => name !== 'README.md');
    expect(records.filter((name) => !readFileSync(join('docs/design', name), 'utf8').includes(`\n${part}`))).toEqual(
      [],
    );
  },
);
