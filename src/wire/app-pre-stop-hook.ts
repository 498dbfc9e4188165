/** What injection passes to the sidecar about an app's own preStop hook, which the sidecar calls after the drain. */
import { checkedJson, list, object, oneOf, optional, pattern, string, whole, type Checked } from './check.ts';

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

const hook = object<AppPreStopHook>({
  scheme: oneOf('HTTP', 'HTTPS'),
  host: optional(string),
  port: whole(1, 65_535),
  path: pattern(/^\//, 'a string that begins with /'),
  headers: list(object<AppPreStopHook['headers'][number]>({ name: string, value: string })),
});

export const parseAppPreStopHook = (json: string): Checked<AppPreStopHook> => checkedJson(hook, json, 'hook');
