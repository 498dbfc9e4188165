type FetchOptions = { method?: string; headers?: Record<string, string>; signal?: AbortSignal };

/**
 * `fetch` over a connection of its own. A pooled connection may be closed by its server in the moment in which it is used
 * again (RFC 9112 §9.5), and a test process that gets little CPU misses the limit that the server announced.
 */
export const fetchOnce = (url: string, { headers = {}, ...init }: FetchOptions = {}): Promise<Response> =>
  fetch(url, { ...init, headers: { ...headers, connection: 'close' } });
