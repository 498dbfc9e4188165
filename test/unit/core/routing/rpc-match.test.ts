import { expect, test } from '@jest/globals';
import { compileRpc } from '../../../../src/core/routing/rpc-match.ts';
import type { RpcMatch } from '../../../../src/wire/routing-table.ts';

const exact = { type: 'Exact' } as const;
const expression = { type: 'RegularExpression' } as const;

test.each<[RpcMatch, string, boolean]>([
  [{ ...exact, service: 'shop.Cart', method: 'Add' }, '/shop.Cart/Add', true],
  [{ ...exact, service: 'shop.Cart', method: 'Add' }, '/shop.Cart/add', false],
  [{ ...exact, service: 'shop.Cart', method: 'Add' }, '/shop.Cart/Add/', false],
  [{ ...exact, service: 'shop.Cart' }, '/shop.Cart/Add', true],
  [{ ...exact, service: 'shop.Cart' }, '/shop.Carts/Add', false],
  [{ ...exact, service: 'shop.Cart' }, '/shop.Cart', false],
  [{ ...exact, method: 'Add' }, '/shop.Cart/Add', true],
  [{ ...exact, method: 'Add' }, '/Add', false],
  [{ ...exact, method: 'Add' }, '*', false],
  [{ ...expression, service: 'shop[.].*', method: 'Add|Remove' }, '/shop.Cart/Remove', true],
  [{ ...expression, service: 'shop', method: 'Add|Remove' }, '/shop.Cart/Remove', false],
  [{ ...expression, service: 'shop[.]Cart' }, '/shop.Cart/Anything', true],
  [{ ...expression, method: 'Get.*' }, '/shop.Cart/Remove', false],
])('%j and the path %s: %s', (match, path, fits) => {
  expect(compileRpc(match)(path)).toBe(fits);
});
