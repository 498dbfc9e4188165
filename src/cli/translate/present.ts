/** The result of a translation as text, without what only a cluster could tell, and without private keys. */
import { stringify } from 'yaml';
import { defaultProxySpec } from '../../api/holdfastproxy.ts';
import { settingsOf } from '../../core/resolve/proxy-parameters.ts';
import type { OfflineResult } from '../../operator/offline/offline.ts';
import { isRecord } from '../../platform/record.ts';
import type { Backend, RoutingTable } from '../../wire/routing-table.ts';

/** `objects`: also what Holdfast would create. */
export const presentResult = (result: OfflineResult, options: { objects: boolean }): string =>
  stringify(plainResult(result, options), { lineWidth: 140, aliasDuplicateObjects: false });

export function plainResult({ tables, statuses, created }: OfflineResult, { objects }: { objects: boolean }): unknown {
  const shown = {
    tables: mapSorted(tables, presentTable),
    statuses: mapSorted(statuses, presentStatus),
    ...(objects && { objects: created }),
  };
  // Through JSON: fields without a value are not shown.
  const plain: unknown = JSON.parse(JSON.stringify(shown));
  return plain;
}

const mapSorted = <T>(record: Readonly<Record<string, T>>, present: (value: T) => unknown): object =>
  Object.fromEntries(
    Object.entries(record)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => [key, present(value)]),
  );

/** Settings are shown only where they differ from the defaults. */
function presentTable({ gateway: _key, proxy, certificates, backends, ...rest }: RoutingTable): object {
  const isDefault = JSON.stringify(proxy) === JSON.stringify(settingsOf(defaultProxySpec, []));
  return {
    ...(!isDefault && { proxy }),
    ...rest,
    backends: Object.fromEntries(Object.entries(backends).map(([key, backend]) => [key, presentBackend(backend)])),
    ...(certificates && { certificates: mapSorted(certificates, ({ chain }) => ({ chain })) }),
  };
}

function presentBackend({ key: _key, sessions, removedEndpoints, ...rest }: Backend): object {
  const { keyRing: _secret, ...shown } = sessions ?? { keyRing: undefined };
  return { ...rest, ...(sessions && { sessions: shown }), ...(removedEndpoints.length > 0 && { removedEndpoints }) };
}

/** Conditions are shown as lines. Their times and generations are those of an object in a cluster. */
function presentStatus(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(presentStatus);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'observedGeneration');
  return Object.fromEntries(
    entries.map(([key, child]) => [
      key,
      key === 'conditions' && Array.isArray(child) ? presentConditions(child.filter(isRecord)) : presentStatus(child),
    ]),
  );
}

const presentConditions = (conditions: readonly Record<string, unknown>[]): object =>
  Object.fromEntries(
    conditions.map(({ type, status, reason, message }) => [
      String(type),
      `${String(status)} ${String(reason)}: ${String(message)}`,
    ]),
  );
