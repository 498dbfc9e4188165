import { expect, test } from '@jest/globals';
import { clientScheme } from '../../../../src/dataplane/http/client-scheme.ts';

test.each([
  { proto: 'https', forwarded: '', scheme: 'https' },
  { proto: 'HTTPS', forwarded: '', scheme: 'https' },
  { proto: ' http ', forwarded: '', scheme: 'http' },
  { proto: 'https, http', forwarded: '', scheme: 'https' },
  { proto: 'http,https', forwarded: '', scheme: 'http' },
  { proto: 'wss', forwarded: '', scheme: 'https' },
  { proto: 'https', forwarded: 'proto=http', scheme: 'https' },
  { proto: '', forwarded: 'for=192.0.2.7;proto=https', scheme: 'https' },
  { proto: '', forwarded: 'Proto="https";for="[2001:db8::7]"', scheme: 'https' },
  { proto: '', forwarded: 'for=192.0.2.7; proto=https; by=10.0.0.1', scheme: 'https' },
  { proto: '', forwarded: 'for=192.0.2.7;proto=https, for=10.0.0.1;proto=http', scheme: 'https' },
  { proto: '', forwarded: 'for=192.0.2.7, proto=https', scheme: undefined },
  { proto: '', forwarded: 'xproto=https', scheme: undefined },
  { proto: 'gopher', forwarded: '', scheme: undefined },
  { proto: '', forwarded: '', scheme: undefined },
])(
  'a client with X-Forwarded-Proto "$proto" and Forwarded "$forwarded" used $scheme',
  ({ proto, forwarded, scheme }) => {
    expect(clientScheme(proto, forwarded)).toBe(scheme);
  },
);
