/** What injection tells the sidecar of an app's own preStop hook, which it takes over and calls after the drain. */
import { isRecord } from '../platform/record.ts';

/** An `httpGet` hook with its port as a number. `host` absent: the pod itself. */
export type AppPreStopHook = {
  scheme: 'HTTP' | 'HTTPS';
  host?: string;
  port: number;
  path: string;
  headers: { name: string; value: string }[];
};

/** Begins the path of every preStop hook that leads to the sidecar; then comes the container's name. */
const preStopPath = '/prestop';
export const preStopPathOf = (container: string): string => `${preStopPath}/${container}`;

/** The container of a path, `undefined` for the bare `/prestop` of earlier injections, and no answer where the path is another. */
export function parsePreStopPath(path: string): { container: string | undefined } | undefined {
  if (path === preStopPath) return { container: undefined };
  const [, container] = /^\/prestop\/([^/]+)$/.exec(path) ?? [];
  return container === undefined ? undefined : { container };
}

const variablePrefix = 'HOLDFAST_PRE_STOP_';

/**
 * The sidecar's variable for a container that it holds: the JSON of its own hook, or empty. It stands for every such container, so that a
 * hook that another webhook puts in place of ours later is told from one that the user wrote.
 */
export const preStopVariable = (container: string): string => `${variablePrefix}${container}`;

/** The container of such a variable, or undefined where it is another. */
export const containerOfVariable = (variable: string): string | undefined =>
  variable.startsWith(variablePrefix) ? variable.slice(variablePrefix.length) : undefined;

const fields: Record<keyof AppPreStopHook, { wanted: string; check: (value: unknown) => boolean }> = {
  scheme: { wanted: 'HTTP or HTTPS', check: (value) => value === 'HTTP' || value === 'HTTPS' },
  host: { wanted: 'a text', check: (value) => value === undefined || typeof value === 'string' },
  port: {
    wanted: 'a number from 1 to 65535',
    check: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535,
  },
  path: { wanted: 'a text that begins with /', check: (value) => typeof value === 'string' && value.startsWith('/') },
  headers: { wanted: 'a list of names and values', check: (value) => Array.isArray(value) && value.every(isHeader) },
};

/** Throws where the text is no hook, and names the field. */
export function parseAppPreStopHook(text: string): AppPreStopHook {
  const value: unknown = JSON.parse(text);
  assertAppPreStopHook(value);
  return value;
}

function assertAppPreStopHook(value: unknown): asserts value is AppPreStopHook {
  if (!isRecord(value)) throw new Error('the hook must be an object');
  for (const [name, { wanted, check }] of Object.entries(fields)) {
    if (!check(value[name])) throw new Error(`${name} must be ${wanted}`);
  }
}

const isHeader = (value: unknown): boolean =>
  isRecord(value) && typeof value['name'] === 'string' && typeof value['value'] === 'string';
