import { once } from 'node:events';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import { issueLeaf } from '../../../../src/operator/certificates/leaf.ts';
import { loadOrCreateAuthority } from '../../../../src/operator/certificates/authority.ts';
import type { Authority } from '../../../../src/operator/certificates/authority.ts';
import { installLeaf } from '../../../../src/operator/certificates/leaf.ts';
import { createTlsServer } from '../../../../src/operator/https/server.ts';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { listen } from '../../../support/tls-client.ts';

const newAuthority = (): Promise<Authority> =>
  loadOrCreateAuthority({
    reader: { get: async () => undefined },
    writer: { create: async (_: unknown, object: KubeObject) => object },
    namespace: 'holdfast-system',
    clock: systemClock,
  });

const name = 'holdfast-operator.holdfast-system.svc';
const server = createTlsServer((_, response) => response.end('hello'));
const sockets: TLSSocket[] = [];

async function dial(port: number, { certPem }: Authority): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: certPem, servername: name });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

afterEach(() => {
  for (const socket of sockets) socket.destroy();
});

describe('a server whose certificate rotates', () => {
  test('is trusted by clients of the authority; new connections use the new leaf, open ones continue', async () => {
    const authority = await newAuthority();
    const port = await listen(server);
    const leaves = [
      await issueLeaf(authority, [name], Date.now()),
      await issueLeaf(authority, [name], Date.now()),
    ] as const;
    installLeaf(server, leaves[0]);
    const before = await dial(port, authority);
    installLeaf(server, leaves[1]);
    const after = await dial(port, authority);
    const serials = [before, after].map((socket) => socket.getPeerCertificate().serialNumber);
    expect(new Set(serials).size).toBe(2);

    before.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(before, 'data'))[0])).toContain('200 OK');

    const stranger = await newAuthority();
    await expect(dial(port, stranger)).rejects.toThrow(/signature|verify|self-signed|issuer/i);
    server.close();
  });
});
