/** How injection passes an app's own preStop hook to the sidecar, which calls it after the drain. */
import { checkedJson, list, object, oneOf, optional, pattern, string, whole, type Checked } from './check.ts';

/** An `httpGet` hook with its port as a number. `host` absent: the pod itself. */
export type AppPreStopHook = {
  scheme: 'HTTP' | 'HTTPS';
  host?: string;
  port: number;
  path: string;
  headers: { name: string; value: string }[];
};

/** The path of every preStop hook that calls the sidecar begins with this, followed by the container's name. */
const preStopPath = '/prestop';
export const preStopPathOf = (container: string): string => `${preStopPath}/${container}`;

/** Returns the container of such a path (undefined for the bare `/prestop` of earlier injections); undefined for any other path. */
export function parsePreStopPath(path: string): { container: string | undefined } | undefined {
  if (path === preStopPath) return { container: undefined };
  const [, container] = /^\/prestop\/([^/]+)$/.exec(path) ?? [];
  return container === undefined ? undefined : { container };
}

/** Lower case. The header of a startup probe by which the sidecar recognizes the kubelet; its value is the variable HOLDFAST_PROBE_KEY. */
export const probeKeyHeader = 'holdfast-probe-key';

const variablePrefix = 'HOLDFAST_PRE_STOP_';

/**
 * Returns the name of the sidecar's variable for a container that it holds: its value is the JSON of the container's own hook, or empty.
 * Every such container has one, so a hook with which another webhook later replaces ours is distinguished from one that the user wrote.
 */
export const preStopVariable = (container: string): string => `${variablePrefix}${container}`;

/** Returns the container of such a variable, or undefined for any other variable. */
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
