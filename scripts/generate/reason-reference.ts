/** `docs/reference/reasons.md`: condition types, and each reason with its sentence. */
import { conditionTypes, reasons } from '../../src/api/reasons.ts';
import type { GeneratedFile } from './file.ts';
import { renderTable } from './markdown.ts';

const rows = (meanings: Record<string, string>) =>
  Object.entries(meanings).map(([name, meaning]) => [`\`${name}\``, meaning]);

const body = `# Conditions and reasons

\`kubectl describe\` shows the conditions of a StickyWorkload. A reason is the same word in condition, event, log and metric;
the message beside it says what to do.

## Conditions

${renderTable(['Condition', 'True means'], rows(conditionTypes))}

## Reasons

${renderTable(['Reason', 'Meaning'], rows(reasons))}
`;

export const reasonReference: GeneratedFile = { path: 'docs/reference/reasons.md', body };
