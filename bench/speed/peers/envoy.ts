/** Envoy with its stateful-session filter: one worker, a cookie that names the pod, no access log, no headers of its own. */
import type { CertificateFiles } from '../certificate.ts';
import type { Stage } from './peer.ts';

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.${name}` });

const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

export const renderEnvoy = (port: number, stage: Stage): string =>
  JSON.stringify({
    static_resources: {
      listeners: [{ name: 'clients', address: address(port), filter_chains: [filterChain(stage)] }],
      clusters: [cluster(stage)],
    },
  });

const filterChain = (stage: Stage) => ({
  filters: [{ name: 'http', typed_config: connectionManager }],
  ...(stage.certificate && { transport_socket: transportSocket(stage.certificate) }),
});

const statefulSession = {
  ...type('extensions.filters.http.stateful_session.v3.StatefulSession'),
  session_state: {
    name: 'envoy.http.stateful_session.cookie',
    typed_config: {
      ...type('extensions.http.stateful_session.cookie.v3.CookieBasedSessionState'),
      cookie: { name: 'session', path: '/', ttl: '0s' },
    },
  },
};

/** It recognizes HTTP/2 by its preface, as HAProxy does. */
const connectionManager = {
  ...type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
  stat_prefix: 'clients',
  codec_type: 'AUTO',
  generate_request_id: false,
  use_remote_address: true,
  server_header_transformation: 'PASS_THROUGH',
  upgrade_configs: [{ upgrade_type: 'websocket' }],
  route_config: {
    virtual_hosts: [
      {
        name: 'shop',
        domains: ['*'],
        routes: [{ match: { prefix: '/' }, route: { cluster: 'pods', timeout: '0s' } }],
      },
    ],
  },
  http_filters: [
    { name: 'envoy.filters.http.stateful_session', typed_config: statefulSession },
    {
      name: 'envoy.filters.http.router',
      typed_config: { ...type('extensions.filters.http.router.v3.Router'), suppress_envoy_headers: true },
    },
  ],
};

const transportSocket = ({ chain, key }: CertificateFiles) => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    ...type('extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
    common_tls_context: {
      alpn_protocols: ['http/1.1'],
      tls_params: { tls_maximum_protocol_version: 'TLSv1_3' },
      tls_certificates: [{ certificate_chain: { filename: chain }, private_key: { filename: key } }],
    },
  },
});

const cluster = ({ protocol, upstreamPorts }: Stage) => ({
  name: 'pods',
  type: 'STATIC',
  connect_timeout: '3s',
  ...(protocol === 'grpc' && {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        ...type('extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  }),
  load_assignment: {
    cluster_name: 'pods',
    endpoints: [{ lb_endpoints: upstreamPorts.map((port) => ({ endpoint: { address: address(port) } })) }],
  },
});
