import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { describe, expect, test } from '@jest/globals';
import { createAgentCache } from '../../../src/kube/live/agent.ts';

const url = new URL('https://api.example:6443/');
const credentials = (ca: string, token: string) => ({
  ca: Buffer.from(ca),
  headers: { Authorization: `Bearer ${token}` },
});

describe('connection pool', () => {
  test('is the same for each call, although the CA file is read again and the token has changed', () => {
    const agents = createAgentCache();
    expect(agents.agentFor(url, credentials('ca', 'one'))).toBe(agents.agentFor(url, credentials('ca', 'two')));
  });

  test('is replaced when the CA or the client certificate is rotated', () => {
    const agents = createAgentCache();
    const first = agents.agentFor(url, credentials('old', 't'));
    const second = agents.agentFor(url, credentials('new', 't'));
    const third = agents.agentFor(url, { ...credentials('new', 't'), cert: 'c', key: 'k' });
    expect(new Set([first, second, third]).size).toBe(3);
    expect(third).toMatchObject({ options: { cert: 'c', key: 'k', keepAlive: true } });
  });

  test('uses TLS for an https address', () => {
    expect(createAgentCache().agentFor(url, {})).toBeInstanceOf(HttpsAgent);
    expect(createAgentCache().agentFor(new URL('http://127.0.0.1/'), {})).not.toBeInstanceOf(HttpsAgent);
    expect(createAgentCache().agentFor(new URL('http://127.0.0.1/'), {})).toBeInstanceOf(HttpAgent);
  });
});
