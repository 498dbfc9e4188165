/** Clients with sessions, for tests of a proxy that runs out of something. Each request has a connection of its own unless one is given. */
import http from 'node:http';
import { once } from 'node:events';
import { freePort } from '../../../support/free-port.ts';

export type Answer = { status: number; body: string; setCookie: string | undefined; retryAfter: string | undefined };
export type Customer = { cookie: string; pod: string };

export type Asking = { port: number; path?: string; cookie?: string; agent?: http.Agent; from?: () => LocalEnd };
export type LocalEnd = { localAddress: string; localPort: number };

/** Rejects if the connection breaks. */
export async function ask({ port, path = '/', cookie, agent, from }: Asking): Promise<Answer> {
  const request = http.get({
    host: '127.0.0.1',
    port,
    path,
    agent: agent ?? false,
    headers: cookie === undefined ? {} : { cookie },
    ...from?.(),
  });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = await response.toArray();
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString(),
    setCookie: response.headers['set-cookie']?.[0]?.split(';')[0],
    retryAfter: response.headers['retry-after'],
  };
}

/** Starts sessions, one after another. An app responds with the name of its pod. */
export async function arrive(count: number, asking: Asking): Promise<Customer[]> {
  const customers: Customer[] = [];
  for (let index = 0; index < count; index += 1) {
    const { setCookie = '', body } = await ask(asking);
    customers.push({ cookie: setCookie, pod: body });
  }
  return customers;
}

/** Returns the customers that do not get their pod, or get another token. */
export async function lostAmong(customers: readonly Customer[], asking: Asking): Promise<Customer[]> {
  const lost: Customer[] = [];
  for (const customer of customers) {
    const { status, body, setCookie } = await ask({ ...asking, cookie: customer.cookie });
    if (status !== 200 || body !== customer.pod || setCookie !== undefined) lost.push(customer);
  }
  return lost;
}

/**
 * An app that closes each connection after its response: every request needs a connection to it. No other test gets its port while it is closed.
 */
export async function startPod(pod: string): Promise<{ pod: string; port: number; server: http.Server }> {
  const server = http.createServer((request, response) => {
    if (request.method === 'POST') request.resume();
    else response.setHeader('connection', 'close').end(pod);
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { pod, port, server };
}
