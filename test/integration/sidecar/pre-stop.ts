/** The kubelet's side of a preStop hook: a GET without a timeout. */
import { get } from 'node:http';

export type PreStop = {
  /** Undefined while the hook is held. */
  readonly reason: string | undefined;
  /** The reason of the release. */
  readonly released: Promise<string>;
  readonly status: number | undefined;
  disconnect(): void;
};

export function callPreStop(port: number, path = '/prestop'): PreStop {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let reason: string | undefined;
  let status: number | undefined;
  const request = get(
    { host: '127.0.0.1', port, path, agent: false, headers: { 'user-agent': 'kube-lifecycle/1.35' } },
    (response) => {
      let body = '';
      status = response.statusCode;
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        reason = (JSON.parse(body) as { reason: string }).reason;
        resolve(reason);
      });
    },
  );
  request.on('error', reject);
  // A test that disconnects, or that ends during the hold, does not await the response.
  promise.catch(() => undefined);
  return {
    get reason() {
      return reason;
    },
    get status() {
      return status;
    },
    released: promise,
    disconnect() {
      request.destroy();
    },
  };
}
