/** HAProxy, carefully configured for sessions: one thread, keep-alive on both sides, a cookie of its own, no log. */
import type { Stage } from './peer.ts';

/** `bundle`: certificate and key. */
type Haproxy = { port: number; upstreamPorts: readonly number[]; bundle?: string };

export const renderHaproxy = (port: number, { upstreamPorts, protocol, certificate }: Stage): string => {
  const towardsApp = protocol === 'grpc' ? ' proto h2' : '';
  return render(
    { port, upstreamPorts, ...(certificate && { bundle: certificate.bundle }) },
    ['  cookie session insert indirect nocache httponly'],
    (upstream) => `${towardsApp} cookie ${upstream}`,
  );
};

/** A socket of HAProxy without TLS recognizes HTTP/2 by its preface. */
const renderBind = ({ port, bundle }: Haproxy): string =>
  `bind 127.0.0.1:${port}${bundle === undefined ? '' : ` ssl crt ${bundle} alpn http/1.1`}`;

/** `lines`: of the backend. `ofServer`: what follows the address of a pod. */
const render = (
  haproxy: Haproxy,
  lines: readonly string[],
  ofServer: (upstreamPort: number) => string = () => '',
): string => `
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 3s
  timeout client 75s
  timeout server 300s
  timeout tunnel 300s
  timeout http-keep-alive 75s
frontend clients
  ${renderBind(haproxy)}
  default_backend pods
backend pods
  balance leastconn
  http-reuse safe
  option forwardfor
${[...lines, ...haproxy.upstreamPorts.map((upstream) => `  server pod-${upstream} 127.0.0.1:${upstream}${ofServer(upstream)}`)].join('\n')}
`;

/** By header name. */
export type HeaderChanges = {
  set: Readonly<Record<string, string>>;
  add: Readonly<Record<string, string>>;
  remove: readonly string[];
};
export type HeaderRules = { request: HeaderChanges; response: HeaderChanges };

/** Without sessions: what a route of a plain Service does. */
export const renderPlainHaproxy = ({ rules, ...haproxy }: Haproxy & { rules?: HeaderRules }): string =>
  render(
    haproxy,
    rules ? [...renderChanges('http-request', rules.request), ...renderChanges('http-response', rules.response)] : [],
  );

const renderChanges = (when: string, { set, add, remove }: HeaderChanges): string[] => [
  ...Object.entries(set).map(([name, value]) => `  ${when} set-header ${name} ${value}`),
  ...Object.entries(add).map(([name, value]) => `  ${when} add-header ${name} ${value}`),
  ...remove.map((name) => `  ${when} del-header ${name}`),
];
