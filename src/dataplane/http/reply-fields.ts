/** Responses of the proxy itself, as any version of HTTP sends them: plain text that names the problem, or a status of gRPC. */
import type { Reply } from '../routing.ts';
import { bytesOf } from './ascii.ts';
import { noFields, type HeaderField } from './header-fields.ts';

export type RenderedReply = { status: number; fields: readonly HeaderField[]; content: Buffer };

const noContent = Buffer.alloc(0);

/** `isHead`: the content is left out, though its length is announced. */
export function renderFields(
  { status, body, headers = noFields }: Pick<Reply, 'status' | 'body' | 'headers'>,
  { nowMs, isHead }: { nowMs: number; isHead: boolean },
): RenderedReply {
  const date = { name: 'Date', value: new Date(nowMs).toUTCString() };
  // RFC 9110 §8.6: no Content-Length in a 204.
  if (status === 204) return { status, fields: [date, ...headers], content: noContent };
  const content = Buffer.from(body.endsWith('\n') ? body : `${body}\n`);
  const fields = [
    date,
    { name: 'Content-Type', value: 'text/plain; charset=utf-8' },
    { name: 'Content-Length', value: String(content.length) },
    ...absent(headers, { name: 'Cache-Control', value: 'no-store' }),
    ...(status === 503 ? absent(headers, { name: 'Retry-After', value: '1' }) : noFields),
    ...headers,
  ];
  return { status, fields, content: isHead ? noContent : content };
}

const absent = (headers: readonly HeaderField[], field: HeaderField): readonly HeaderField[] =>
  headers.some(({ name }) => name.toLowerCase() === field.name.toLowerCase()) ? noFields : [field];

/** https://grpc.io/docs/guides/status-codes: what a client does about them differs. */
const GrpcStatus = {
  Unknown: 2,
  DeadlineExceeded: 4,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
} as const;

/** What the proxy knows better than a status of HTTP says; of missing backends Gateway API says it (GRPCRouteRule.backendRefs). */
const statusByReason: ReadonlyMap<string, number> = new Map([
  ['TooManyRequests', GrpcStatus.ResourceExhausted],
  ['AllFull', GrpcStatus.ResourceExhausted],
  ['BackendUnresolved', GrpcStatus.Unavailable],
  ['NoBackend', GrpcStatus.Unavailable],
]);

/** As clients of gRPC read statuses of HTTP. */
const statusByHttp: ReadonlyMap<number, number> = new Map([
  [400, GrpcStatus.Internal],
  [401, GrpcStatus.Unauthenticated],
  [403, GrpcStatus.PermissionDenied],
  [404, GrpcStatus.Unimplemented],
  [408, GrpcStatus.DeadlineExceeded],
  [429, GrpcStatus.Unavailable],
  [431, GrpcStatus.Internal],
  [502, GrpcStatus.Unavailable],
  [503, GrpcStatus.Unavailable],
  [504, GrpcStatus.DeadlineExceeded],
]);

const grpcStatus = ({ status, reason = '' }: Pick<Reply, 'status'> & { reason?: string }): number =>
  statusByReason.get(reason) ?? statusByHttp.get(status) ?? GrpcStatus.Unknown;

export const isGrpc = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/grpc(?:$|[+;])/iu.test(contentType);

/** A response of gRPC that has only trailers: clients read the status there, whatever that of HTTP is. */
export const renderGrpc = (reply: Pick<Reply, 'status' | 'body' | 'headers'> & { reason?: string }): RenderedReply => ({
  status: 200,
  fields: [
    { name: 'Content-Type', value: 'application/grpc' },
    { name: 'Grpc-Status', value: String(grpcStatus(reply)) },
    { name: 'Grpc-Message', value: percentEncoded(reply.body.trimEnd()) },
    ...(reply.headers ?? noFields),
  ],
  content: noContent,
});

/** Of everything but printable ASCII, and of the percent sign itself. */
const percentEncoded = (text: string): string =>
  bytesOf(text).replaceAll(
    /[^\x20-\x24\x26-\x7e]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
