/** `docs/reference/command-line.md`: the commands, their options and the environment variables that they read. */
import { commands, settingsOf, type CommandHelp } from '../../src/cli/commands.ts';
import type { GeneratedFile } from './file.ts';
import { renderTable } from './markdown.ts';

function section([name, { summary, options, part }]: [string, CommandHelp]): string {
  const listed =
    options.length === 0
      ? ''
      : `${renderTable(
          ['Option', 'Meaning'],
          options.map(({ usage, meaning }) => [`\`${usage}\``, meaning]),
        )}\n\n`;
  const rows = (part === undefined ? [] : settingsOf(part)).map(([setting, { default: value, meaning }]) => [
    `\`${setting}\``,
    value === undefined ? '' : `\`${value}\``,
    meaning,
  ]);
  const environment = rows.length === 0 ? '' : `${renderTable(['Environment', 'Default', 'Meaning'], rows)}\n`;
  return `## holdfast ${name}\n\n${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n\n${listed}${environment}`;
}

const body = `# Command line

One image, one command: \`holdfast COMMAND\`. In a cluster the operator starts proxies and sidecars and sets what they read; only the operator's own settings are
yours, in its Deployment. \`holdfast COMMAND --help\` shows the same.

${Object.entries<CommandHelp>(commands).map(section).join('\n')}`;

export const commandReference: GeneratedFile = { path: 'docs/reference/command-line.md', body };
