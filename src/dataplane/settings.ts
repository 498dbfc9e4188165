/** Applies the settings of the routing table to the server, and reports when the files of the process do not allow them. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../platform/log.ts';
import { defaultProxySettings, type ProxySettings } from '../wire/proxy-settings.ts';
import type { ProxyServer } from './server.ts';

export interface AppliedSettings {
  apply(settings: ProxySettings): void;
  /** The settings of the newest table, before it the defaults. */
  current(): ProxySettings;
}

/** `openFiles`: the limit of the process. */
export function createAppliedSettings(
  server: Pick<ProxyServer, 'configure' | 'maxConnections'>,
  { openFiles, log }: { openFiles: number; log: Logger },
): AppliedSettings {
  let current = defaultProxySettings;
  let reported: string | undefined;

  const reportLimit = () => {
    const wanted = current.limits.connections;
    const allowed = server.maxConnections();
    const fields = { connections: allowed, wanted, openFiles };
    if (reported === `${allowed} ${wanted}`) return;
    reported = `${allowed} ${wanted}`;
    if (allowed >= wanted) log.info(fields, 'limit of client connections');
    else log.warn(fields, 'the open files allow fewer connections than limits.connections: raise them or add replicas');
  };

  server.configure(current);
  return {
    current: () => current,
    apply(settings) {
      if (!isDeepStrictEqual(settings, current)) {
        current = settings;
        server.configure(settings);
      }
      reportLimit();
    },
  };
}
