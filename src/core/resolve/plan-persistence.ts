/** `sessionPersistence` with names, defaults and units resolved. */
import { durationMs } from '../../api/duration.ts';
import type { StickyWorkloadSpec } from '../../api/spec.ts';
import { defaultCookieName } from '../names/names.ts';
import type { Carrier, RoutePersistence, SessionLimits } from '../../wire/routing-table.ts';

type SessionPersistence = Omit<StickyWorkloadSpec['sessionPersistence'], 'endpointIdentity'>;

const defaultConfirmTimeoutMs = 60_000;

export const planLimits = ({ idleTimeout, confirmTimeout, absoluteTimeout }: SessionPersistence): SessionLimits => ({
  idleTimeoutMs: durationMs(idleTimeout),
  confirmTimeoutMs: Math.min(
    durationMs(idleTimeout),
    confirmTimeout === undefined ? defaultConfirmTimeoutMs : durationMs(confirmTimeout),
  ),
  ...(absoluteTimeout !== undefined && { absoluteTimeoutMs: durationMs(absoluteTimeout) }),
});

/** `workload`: the name of the StickyWorkload or backend, after which the cookie is named by default. */
export function planPersistence(workload: string, persistence: SessionPersistence): RoutePersistence {
  const { onEndpointLost, newSessionOn = [], exclude = [] } = persistence;
  return { carrier: planCarrier(workload, persistence), onEndpointLost, newSessionOn, exclude };
}

/** The schema's defaults, which the API server sets only if the spec has a cookie. */
const cookieDefaults = {
  path: '/',
  sameSite: 'Lax',
  secure: 'Auto',
  partitioned: false,
  lifetimeType: 'Session',
} as const;

function planCarrier(workload: string, { type, header, cookie, application }: SessionPersistence): Carrier {
  if (type === 'Application' && application?.cookieName !== undefined) {
    return { type: 'ApplicationCookie', name: application.cookieName };
  }
  if (type === 'Application' && application?.headerName !== undefined) {
    return { type: 'ApplicationHeader', name: application.headerName };
  }
  // The schema requires a header name with this type.
  if (type === 'Header' && header) return { type: 'Header', name: header.name };
  const { name = defaultCookieName(workload), secure, ...attributes } = { ...cookieDefaults, ...cookie };
  const isAuto = secure === 'Auto';
  const domain = withoutDot(attributes.domain);
  return {
    type: 'Cookie',
    name,
    ...attributes,
    ...(domain !== undefined && { domain }),
    secure: secure === 'Always',
    ...(isAuto && { secureIfHttps: true }),
  };
}

/** RFC 6265 ignores a leading dot of a domain. */
const withoutDot = (domain: string | undefined): string | undefined => domain?.replace(/^[.]/, '');
