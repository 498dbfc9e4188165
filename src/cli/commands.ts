/** The commands of `holdfast` with their options and settings: the source of the help texts and of the reference. */
import { settings, type Setting, type SettingPart } from '../api/settings.ts';

export type CommandOption = { usage: string; meaning: string };
/** `part`: the settings that the command reads from the environment. */
export type CommandHelp = { summary: string; options: readonly CommandOption[]; part?: SettingPart };

export const commands = {
  operator: {
    summary: 'reconcile StickyWorkloads and serve routing tables to the proxies',
    options: [],
    part: 'operator',
  },
  proxy: {
    summary: 'route each request to the pod that owns its session',
    options: [
      {
        usage: '--table FILE',
        meaning:
          'run standalone, without Kubernetes: serve what the table file FILE says (YAML or JSON), and follow its changes',
      },
      {
        usage: '--check',
        meaning: 'with --table: print what would be served, or what is wrong with the file, and exit with 0 or 1',
      },
      {
        usage: '--workers N',
        meaning:
          'serve with N processes, or auto: one for each core; SIGHUP replaces them by new ones without closing a connection',
      },
    ],
    part: 'proxy',
  },
  translate: {
    summary:
      "print what the proxies would get for Kubernetes objects in files, and each object's conditions, without a cluster",
    options: [
      {
        usage: '-f FILE',
        meaning: 'YAML of Kubernetes objects, with any number of documents; - is the standard input. May be repeated',
      },
      { usage: '--objects', meaning: 'also print the objects that Holdfast would create' },
      {
        usage: '-n NAMESPACE',
        meaning: 'the namespace of the operator, with the HoldfastProxy default; holdfast-system if unset',
      },
    ],
  },
  sidecar: { summary: "hold a pod's preStop hook until its sessions have ended", options: [], part: 'sidecar' },
} as const satisfies Record<string, CommandHelp>;

export type CommandName = keyof typeof commands;

export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);

/** The settings that a part reads, in the order of the catalogue. */
export const settingsOf = (part: SettingPart): [string, Setting][] =>
  Object.entries<Setting>(settings).filter(([, { parts }]) => parts.includes(part));

const columns = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};

/** `holdfast --help`. */
export function renderHelp(): string {
  const list = Object.entries<CommandHelp>(commands).map(([name, { summary }]) => [name, summary] as const);
  const options = [
    ['--help', 'show this help, or the help of a command'] as const,
    ['--version', 'show the version'] as const,
  ];
  return [
    'Usage: holdfast COMMAND [OPTION…]',
    '',
    'Commands:',
    ...columns(list),
    '',
    'Options:',
    ...columns(options),
    '',
  ].join('\n');
}

/** `holdfast COMMAND --help`. */
export const renderCommandHelp = (name: CommandName): string => renderUsage(`holdfast ${name}`, commands[name]);

/** The help of one command line: usage, summary, options and environment. */
export function renderUsage(command: string, { summary, options, part }: CommandHelp): string {
  const listed = options.map(({ usage, meaning }) => [usage, meaning] as const);
  const read = (part === undefined ? [] : settingsOf(part)).map(
    ([setting, { default: value, meaning }]) =>
      [setting, value === undefined ? meaning : `${meaning} (default: ${value})`] as const,
  );
  return [
    `Usage: ${command}${options.map(({ usage }) => ` [${usage}]`).join('')}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    ...(listed.length > 0 ? ['', 'Options:', ...columns(listed)] : []),
    ...(read.length > 0 ? ['', 'Environment:', ...columns(read)] : []),
    '',
  ].join('\n');
}
