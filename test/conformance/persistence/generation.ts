/**
 * The two generations of `sessionPersistence` that clusters have: v1.6 with `sessionName` and `cookieConfig`, and v1.7 with an object for each
 * type. No manifest that names a cookie is valid in both.
 */
export type Generation = 'v1.6' | 'v1.7';

export type Persistence = {
  type?: 'Cookie' | 'Header';
  name?: string;
  lifetimeType?: 'Session' | 'Permanent';
  absoluteTimeout?: string;
};

/** That of the CRDs which `test/runner/gateway.ts` has installed. */
export const generation: Generation = process.env['HOLDFAST_GATEWAY_API'] === 'v1.7' ? 'v1.7' : 'v1.6';

export function persistenceOf({ type = 'Cookie', name, lifetimeType, absoluteTimeout }: Persistence): object {
  const common = { type, ...(absoluteTimeout !== undefined && { absoluteTimeout }) };
  if (generation === 'v1.7') {
    const carrier = { ...(name !== undefined && { name }), ...(lifetimeType && { lifetimeType }) };
    return type === 'Cookie' ? { ...common, cookie: carrier } : { ...common, header: carrier };
  }
  return {
    ...common,
    ...(name !== undefined && { sessionName: name }),
    ...(lifetimeType && { cookieConfig: { lifetimeType } }),
  };
}
