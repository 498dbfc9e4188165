/** A request to the API, independent of the transport that delivers it. */
import type { IncomingHttpHeaders } from 'node:http';

export type ApiRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Pick<IncomingHttpHeaders, 'accept' | 'authorization' | 'content-type' | 'host' | 'user-agent'>;
  readBody: () => Promise<string>;
  /** Sends a `Warning` with the response. */
  warn: (text: string) => void;
};
