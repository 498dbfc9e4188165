/** HAProxy, carefully configured for sessions: one thread, keep-alive on both sides, a cookie of its own, no log. */

export const renderHaproxy = (port: number, upstreamPorts: readonly number[]): string => `
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 3s
  timeout client 75s
  timeout server 300s
  timeout http-keep-alive 75s
frontend clients
  bind 127.0.0.1:${port}
  default_backend pods
backend pods
  balance leastconn
  http-reuse safe
  option forwardfor
  cookie session insert indirect nocache httponly
${upstreamPorts.map((upstream) => `  server pod-${upstream} 127.0.0.1:${upstream} cookie ${upstream}`).join('\n')}
`;
