import { describe, expect, test } from '@jest/globals';
import { encodeResponseHead } from '../../../../src/dataplane/h1/head-encoder.ts';
import { parseResponseHead } from '../../../../src/dataplane/http/head-parser.ts';
import { createHead } from '../../../../src/dataplane/http/head.ts';
import { compileHeaderEdits, type HeaderModifier } from '../../../../src/dataplane/http/header-edits.ts';

function edited(modifiers: HeaderModifier[], ...lines: string[]): string[] {
  const edits = compileHeaderEdits(modifiers);
  if (edits === undefined) throw new Error('no edits');
  const head = createHead({ lineBytes: 8192, headBytes: 32_768, fields: 100 });
  const bytes = Buffer.from(['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n'), 'latin1');
  expect(parseResponseHead(head, bytes, 0, bytes.length)).toBe('complete');
  const changes = { filter: undefined, edits, sessionFields: [], method: 'GET' };
  return encodeResponseHead(head, changes, '').split('\r\n').slice(1, -2);
}

const field = (name: string, value: string) => ({ name, value });

describe('a header modifier', () => {
  test('sets a header in place of all its lines, in any case, and one that was not there', () => {
    const set = [field('X-Tenant', 'shop')];
    expect(edited([{ set }], 'x-tenant: a', 'Accept: */*', 'X-TENANT: b')).toEqual(['Accept: */*', 'X-Tenant: shop']);
    expect(edited([{ set }], 'Accept: */*')).toEqual(['Accept: */*', 'X-Tenant: shop']);
  });

  test('adds a further value to those of the message', () => {
    const add = [field('Via', '1.1 edge')];
    expect(edited([{ add }], 'Via: 1.1 a', 'Accept: */*')).toEqual(['Via: 1.1 a', 'Accept: */*', 'Via: 1.1 edge']);
  });

  test('removes a header, and nothing whose name only begins or ends like it', () => {
    expect(edited([{ remove: ['X-Debug'] }], 'x-debug: 1', 'X-Debugger: 1', 'X-Debu: 1', 'A: x-debug')).toEqual([
      'X-Debugger: 1',
      'X-Debu: 1',
      'A: x-debug',
    ]);
  });

  test('covers the name with "_", which reaches an app on CGI as the same header', () => {
    expect(edited([{ set: [field('X-User', 'route')] }], 'X_User: client')).toEqual(['X-User: route']);
    expect(edited([{ remove: ['x_user'] }], 'X-User: client')).toEqual([]);
  });

  test('of a backend applies after that of its route', () => {
    const route = { set: [field('A', 'route')], add: [field('B', 'route')] };
    expect(edited([route, { add: [field('a', 'backend')], remove: ['B'] }], 'A: 1', 'B: 1')).toEqual([
      'A: route',
      'A: backend',
    ]);
    expect(edited([{ remove: ['A'] }, { set: [field('A', 'backend')] }], 'A: 1')).toEqual(['A: backend']);
  });

  test('writes a value beyond ASCII as UTF-8, never as the end of a line', () => {
    // U+010A and U+010D end in the bytes of LF and CR.
    const [line] = edited([{ set: [field('X-Name', 'Ċč: forged')] }]);
    expect(Buffer.from(line ?? '', 'latin1').toString('utf8')).toBe('X-Name: Ċč: forged');
  });

  test('without any change is none', () => {
    expect(compileHeaderEdits([{}, { set: [], remove: [] }])).toBeUndefined();
  });
});
