import { expect, test } from '@jest/globals';
import { idEnd, tokenBehind, tokenSuffix, withoutSuffixes } from '../../../../src/core/session/token-suffix.ts';
import { tokenLength } from '../../../../src/core/session/token.ts';

const token = `h1.${'A'.repeat(43)}.${'b'.repeat(22)}`;
const cut = (value: string) => value.slice(0, idEnd(value, value.length));

test('a token behind an id is found and taken off, whatever the id contains', () => {
  expect(token).toHaveLength(tokenLength);
  for (const id of ['7', 'A0FB.route', 'a~b', '~', 'h1.x~y', '']) {
    expect(cut(id + tokenSuffix(token))).toBe(id);
    expect(tokenBehind(id + tokenSuffix(token))).toBe(token);
  }
});

test.each([
  ['an id alone', 'A0FB9BDD'],
  ['an id with the separator', 'abc~def'],
  ['a token alone', token],
  ['a token that was cut', `abc~${token.slice(0, -1)}`],
  ['a token with a character behind it', `abc~${token}x`],
  ['a token with a foreign character', `abc~${token.replace('A', '!')}`],
  ['another separator', `abc.${token}`],
])('%s stays as it is', (_, value) => {
  expect(cut(value)).toBe(value);
  expect(tokenBehind(value)).toBeUndefined();
});

test('of two tokens behind an id, as of two proxies in a row, the last is taken off', () => {
  expect(cut(`abc~${token}~${token}`)).toBe(`abc~${token}`);
});

test('a list of ids loses the token of each', () => {
  expect(withoutSuffixes(`a~${token}, b~${token} ,c`)).toBe('a, b ,c');
  expect(withoutSuffixes('a, b')).toBe('a, b');
});
