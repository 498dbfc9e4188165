/** `docs/reference/annotations.md`: labels and annotations that Holdfast reads or writes. */
import { marks, type Mark } from '../../src/core/names/marks.ts';
import { annotations, labels } from '../../src/core/names/names.ts';
import type { GeneratedFile } from './file.ts';
import { renderTable } from './markdown.ts';

const rows = Object.entries<Mark>(marks).map(([mark, { on, writer, meaning }]) => [`\`${mark}\``, on, writer, meaning]);
const standard = Object.values(labels).filter((label) => !Object.hasOwn(marks, label));

const body = `# Annotations and labels

${renderTable(['Name', 'On', 'Written by', 'Meaning'], rows)}

Objects that Holdfast makes carry the usual labels besides: ${standard.map((label) => `\`${label}\``).join(', ')}.
`;

/** Every annotation of ours has to be explained. */
export const unexplained = Object.values(annotations).filter((annotation) => !Object.hasOwn(marks, annotation));

export const annotationReference: GeneratedFile = { path: 'docs/reference/annotations.md', body };
