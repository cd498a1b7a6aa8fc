import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAuthorized } from '../../src/admin/users.ts';

const USERS = [
  { user: 'admin', password: 'joypass123' },
  { user: 'jürgen', password: 'pass:with:colons' },
  { user: 'empty', password: '' },
];

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;

const CASES: readonly (readonly [what: string, value: string | undefined, allowed: boolean])[] = [
  ['the right password', basic('admin:joypass123'), true],
  ['another user, not in ASCII, with colons', basic('jürgen:pass:with:colons'), true],
  ['an empty password that is the right one', basic('empty:'), true],
  ['the scheme in another case', basic('admin:joypass123').replace('Basic', 'bAsIc'), true],
  ['no credentials', undefined, false],
  ['an empty value', '', false],
  ['a wrong password', basic('admin:joypass12'), false],
  ['a longer password', basic('admin:joypass1234'), false],
  ['a wrong user', basic('root:joypass123'), false],
  ["another user's password", basic('admin:pass:with:colons'), false],
  ['no colon', basic('admin'), false],
  ['no base64', 'Basic %%%%', false],
  ['another scheme', basic('admin:joypass123').replace('Basic', 'Bearer'), false],
  ['nothing behind the scheme', 'Basic ', false],
  ['the password in another case', basic('admin:JOYPASS123'), false],
];

for (const [what, value, allowed] of CASES) {
  test(`${what} is ${allowed ? 'enough' : 'not enough'}`, () => {
    assert.equal(isAuthorized(USERS, value), allowed);
  });
}
