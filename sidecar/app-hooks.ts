/**
 * The apps' own preStop hooks, which injection has replaced: each is called after the drain in the way of the kubelet: with the same headers
 * and user agent, ignoring status and certificate, reading at most 10 KiB of the response. Redirects are not followed.
 */
import type { ReleasedState } from '../src/core/drain/state.ts';
import { hookTimeoutMs } from '../src/core/drain/limit.ts';
import type { AppPreStopHook } from '../src/wire/app-pre-stop-hook.ts';
import { httpGet } from './http-get.ts';
import { describeError } from '../src/platform/errors.ts';
import type { Log } from './log.ts';

export type AppHookPorts = {
  hooks: ReadonlyMap<string, AppPreStopHook>;
  podIp: string;
  restartGraceMs: number;
  nowMs: () => number;
  log: Log;
};

/** Resolves when the hook of the container has finished, at once if it has none. Resolves with false if the hook failed. */
export type CallAppHook = (
  container: string | undefined,
  state: ReleasedState,
  userAgent: string | undefined,
) => Promise<boolean>;

const maxBytes = 10 * 1024;

export function createAppHooks({ hooks, podIp, restartGraceMs, nowMs, log }: AppHookPorts): CallAppHook {
  return async (container = '', state, userAgent) => {
    const hook = hooks.get(container);
    if (!hook) return true;
    const { scheme, host = podIp, port, path } = hook;
    const startedAtMs = nowMs();
    const timeoutMs = hookTimeoutMs(state, restartGraceMs, startedAtMs);
    try {
      const { status } = await httpGet({
        scheme,
        host,
        port,
        path,
        headers: headersOf(hook, userAgent),
        timeoutMs,
        maxBytes,
      });
      log('AppHookCalled', { container, status, tookMs: nowMs() - startedAtMs });
      return true;
    } catch (error) {
      log('AppHookFailed', { container, error: describeError(error), tookMs: nowMs() - startedAtMs });
      return false;
    }
  };
}

/** A header may occur several times; an empty Accept means no such header. */
function headersOf({ headers }: AppPreStopHook, userAgent = 'kube-lifecycle'): Record<string, string | string[]> {
  const grouped = Map.groupBy(headers, ({ name }) => name.toLowerCase());
  const own = [...grouped].map(([name, list]): [string, string | string[]] => {
    const values = list.map(({ value }) => value);
    return [name, name === 'host' ? (values[0] ?? '') : values];
  });
  const all: Record<string, string | string[]> = { 'user-agent': userAgent, accept: '*/*', ...Object.fromEntries(own) };
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => name !== 'accept' || value[0] !== ''));
}
