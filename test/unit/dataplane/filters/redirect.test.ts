import { describe, expect, test } from '@jest/globals';
import { compileRedirect } from '../../../../src/dataplane/filters/redirect.ts';
import type { RedirectingListener } from '../../../../src/dataplane/filters/redirect.ts';
import type { RequestView } from '../../../../src/dataplane/routing.ts';
import type { RequestRedirect } from '../../../../src/wire/route-filters.ts';
import { requestOf } from '../../../support/proxy-table.ts';

type Sent = Partial<Pick<RequestView, 'path' | 'query' | 'host' | 'scheme'>>;

function location(
  redirect: Partial<RequestRedirect>,
  sent: Sent = {},
  port = 80,
  scheme: RedirectingListener['scheme'] = 'http',
) {
  const request = { ...requestOf({}), host: 'shop.test', scheme, ...sent };
  const compiled = compileRedirect({ type: 'RequestRedirect', statusCode: 302, ...redirect });
  return compiled(request, { port, scheme }).headers?.find(({ name }) => name === 'Location')?.value;
}

describe('the location of a redirect', () => {
  test('is that of the request where the filter says nothing, with its query', () => {
    expect(location({ hostname: 'example.org' }, { path: '/a%20b', query: 'c=d&e' })).toBe(
      'http://example.org/a%20b?c=d&e',
    );
    expect(location({ scheme: 'https' }, { path: '/a' })).toBe('https://shop.test/a');
  });

  // The table of HTTPRequestRedirectFilter.port in Gateway API.
  test.each([
    ['http', 80, {}, 'http://shop.test/'],
    ['http', 80, { port: 80 }, 'http://shop.test/'],
    ['http', 80, { port: 8080 }, 'http://shop.test:8080/'],
    ['http', 80, { scheme: 'https' }, 'https://shop.test/'],
    ['http', 80, { scheme: 'https', port: 443 }, 'https://shop.test/'],
    ['http', 80, { scheme: 'https', port: 8443 }, 'https://shop.test:8443/'],
    ['http', 8080, {}, 'http://shop.test:8080/'],
    ['http', 8080, { port: 80 }, 'http://shop.test/'],
    ['http', 8080, { scheme: 'http' }, 'http://shop.test/'],
    ['http', 8080, { scheme: 'https' }, 'https://shop.test/'],
    ['https', 443, {}, 'https://shop.test/'],
    ['https', 443, { port: 443 }, 'https://shop.test/'],
    ['https', 443, { port: 8443 }, 'https://shop.test:8443/'],
    ['https', 8443, {}, 'https://shop.test:8443/'],
    ['https', 8443, { scheme: 'http' }, 'http://shop.test/'],
  ] as const)('on an %s listener on port %d with %j is %s', (scheme, port, redirect, expected) => {
    expect(location(redirect, {}, port, scheme)).toBe(expected);
  });

  test('behind a trusted proxy that ended TLS has the scheme of the client, and not the port of the listener', () => {
    expect(location({ path: { type: 'ReplaceFullPath', value: '/new' } }, { scheme: 'https' }, 80)).toBe(
      'https://shop.test/new',
    );
  });

  test('has the replaced prefix', () => {
    const path = { type: 'ReplacePrefixMatch', prefix: '/old', value: '/new' } as const;
    expect(location({ path }, { path: '/old/lemon', query: 'a' })).toBe('http://shop.test/new/lemon?a');
  });

  test('of OPTIONS * is the root', () => {
    expect(location({ scheme: 'https' }, { path: '*' })).toBe('https://shop.test/');
  });

  test('for a client without a host stays on the host that the client used, whatever the path', () => {
    const path = { type: 'ReplacePrefixMatch', prefix: '/old', value: '' } as const;
    expect(location({ path }, { host: '', path: '/old//evil.test/a' })).toBe('/evil.test/a');
  });
});
