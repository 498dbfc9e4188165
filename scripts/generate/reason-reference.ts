/** `docs/reference/reasons.md`: condition types, and each reason with its sentence. */
import { conditionTypes, reasons } from '../../src/api/reasons.ts';
import type { GeneratedFile } from './file.ts';
import { renderTable } from './markdown.ts';

const rows = (meanings: Record<string, string>) =>
  Object.entries(meanings).map(([name, meaning]) => [`\`${name}\``, meaning]);

const body = `# Conditions and reasons

\`kubectl describe\` shows the conditions of a StickyWorkload, and those of a HoldfastProxy: \`Accepted\`, and \`Applied\`, whether all of it applies to proxies.
A reason is the same word in condition, event, log and metric; the message beside it says what to do. Gateways, routes and policies have conditions and reasons of Gateway API:
see the guide, [your own routes](../guide/routes.md).

## Conditions of a StickyWorkload

${renderTable(['Condition', 'True means'], rows(conditionTypes))}

## Reasons

${renderTable(['Reason', 'Meaning'], rows(reasons))}
`;

export const reasonReference: GeneratedFile = { path: 'docs/reference/reasons.md', body };
