/** What the comparison measures. */

export const workNames = [
  'small-64',
  'small-8',
  'small-256',
  'small-repeated',
  'page',
  'mebibyte',
  'connection-per-request',
  'websocket',
  'latency',
  'tls-keep-alive',
  'tls-new',
  'tls-resumed',
  'http2',
  'grpc-unary',
  'grpc-stream',
] as const;
export type WorkName = (typeof workNames)[number];
