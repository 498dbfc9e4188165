/** The headers that no filter of a route changes. */

/**
 * Those that frame a message, belong to one connection (RFC 9110 section 7.6.1) or choose its destination: another value would make it another
 * message for the next server. The proxy itself reads the last one.
 */
const fixed: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'holdfast-session',
]);

/** CGI, WSGI and Rack read `_` in a name as `-`. */
export const isEditableHeader = (name: string): boolean => !fixed.has(name.toLowerCase().replaceAll('_', '-'));
