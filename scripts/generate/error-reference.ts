/** `docs/reference/errors.md`: the codes of errors in logs and metrics. */
import { errorCodes } from '../../src/platform/errors.ts';
import type { GeneratedFile } from './file.ts';
import { renderTable } from './markdown.ts';

const body = `# Errors

An error in a log, and in the label \`result\` of \`holdfast_operator_kube_writes_total\`, has one of these codes. What concerns a StickyWorkload is a
[condition and an event](reasons.md) besides.

${renderTable(
  ['Code', 'Meaning'],
  Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
)}
`;

export const errorReference: GeneratedFile = { path: 'docs/reference/errors.md', body };
