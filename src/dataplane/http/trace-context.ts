/**
 * Returns the trace id of a request by its `traceparent` (W3C Trace Context): undefined if it has none that is valid. A later version may add parts
 * at the end.
 */
export function traceIdOf(values: readonly string[]): string | undefined {
  const [value = ''] = values;
  const parts = values.length === 1 ? form.exec(value)?.groups : undefined;
  if (parts === undefined) return undefined;
  const { version, traceId = '', parentId = '', rest } = parts;
  const isOfVersion = version === '00' ? rest === '' : version !== 'ff';
  return isOfVersion && !isZero(traceId) && !isZero(parentId) ? traceId : undefined;
}

const form = /^(?<version>[0-9a-f]{2})-(?<traceId>[0-9a-f]{32})-(?<parentId>[0-9a-f]{16})-[0-9a-f]{2}(?<rest>|-.*)$/;
const isZero = (id: string): boolean => /^0+$/.test(id);
