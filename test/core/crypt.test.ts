import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cryptMatches, cryptRounds, isCryptHash } from '../../src/core/crypt.ts';

/** Made by glibc's crypt(3). */
const HASHES: readonly (readonly [password: string, hash: string])[] = [
  ['secret', '$1$saltsalt$9xy1btjgzLYfb7hivXtC//'],
  ['secret', '$1$$ysVNzQc4CTMkp5daOdZ.3/'],
  ['secret', '$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.'],
  ['secret', '$5$rounds=1400$anotherlongsalts$hA9phAhHgeqcKTycY/LRKamQM18d5P2uD0VRrWGWMX6'],
  ['secret', '$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.'],
  ['secret', '$6$rounds=1001$longersaltvalue1$Ec0Xu7bA6uzXcvxl.ZJ1Z9dBDjL4bWX35qAWug1Msk.b38InD4uYugLZof8XV2nU4.e7NzmCu4/KXwCE2wZ1K/'],
  ['', '$1$s$iXWZU0LDEJ7Jjmms7KFsH0'],
  ['', '$5$rounds=1000$s$cdjvTno7yp4OJ1Yyxn95LrCQTyxHsv3TK6lXb48P4L1'],
  ['', '$6$rounds=1000$s$u6h1nDplZjxDo4zJTtL/gDw7SGioQGm.0uRtQXjSgB6lTpGGOfGi4A6UMV.7Q7d2K2ppsidkHUrit0FKUiAv71'],
  ['x', '$1$s$eSlDmdCX8nqs9SNxRTvrN.'],
  ['x', '$5$rounds=1000$s$eeQSk6gfU9BRZYJReoVWuVaNAzKa371bg9tNLHdX.v7'],
  ['x', '$6$rounds=1000$s$7XDU1ABRbqPVMczp.zJ9FBaWWwzhXLyaEZWeQPoeYReVIQN5qyOyeF89XU4irNWivJ6DCvTboKoI9BNUN.jdG0'],
  ['xxxxxxxxxxxxxxxxx', '$1$s$4w8gylqqNEyQ/HiC.ILJ..'],
  ['xxxxxxxxxxxxxxxxx', '$5$rounds=1000$s$T8aU69YHsS4OSaMLDe.aft6cBPA90H.40RjrXyFNXe2'],
  ['xxxxxxxxxxxxxxxxx', '$6$rounds=1000$s$Iiy1hw2CtyTlOdQI92x0pnCEFlUG2N7mNoDfFsBROrCV.5ZDMugmQYTnK0TgaE6dsJuiX1C8QgVxqtnreXE.B/'],
  ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '$1$s$j1h1kUx4yYGbF.zOmz9I6/'],
  ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '$5$rounds=1000$s$YmCxo989T0DRSwlmUN4tfzxWJTlcLwJbM/kp5WXVwr0'],
  [
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '$6$rounds=1000$s$uNim/U61Gr1EO/yHGIGzgyrYmRaDqnoGbo4AL4nwRLlIJbYCNwbHJ29TZvt2.dQqBAiVRWbXw6Rc8Ny.xamU//',
  ],
  ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '$1$s$TEb9CQuEA3bkutYCm9sMo/'],
  ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '$5$rounds=1000$s$pbpxUPP9mi3xjTpso5g8OGL/nNqGVLDONuVTO80emM4'],
  [
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '$6$rounds=1000$s$0X9lbYVOW64TegbyJnjLjHE3TQVhqGWH5dF0b9Suag/w2WOWLLinWI4a58DGFrwUFSzRoaK.Ep8QZSYgXZ10/1',
  ],
  ['grüß', '$6$rounds=1000$u$yjuvnGOW4epO35YV72.1IlY4X7qz3zsPMPt/2F6eKhL5wUDztvSwEGc4gh91Cl.hZiK9yhGE/qvSfY8jnszHl.'],
];

describe('a password in crypt(3) form', () => {
  for (const [password, hash] of HASHES) {
    it(`${hash.slice(0, 30)} of ${password.length} characters is the one that glibc makes`, () => {
      assert.equal(isCryptHash(hash), true);
      assert.equal(cryptMatches(Buffer.from(password), hash), true);
      assert.equal(cryptMatches(Buffer.from(`${password}x`), hash), false);
      assert.equal(cryptMatches(Buffer.from(password), `${hash.slice(0, -1)}${hash.endsWith('.') ? '/' : '.'}`), false);
    });
  }

  // DES, bcrypt, yescrypt; clear text; a hash that was cut, rounds that MD5 does not have.
  const others = [
    'abNANd1rDfiNc',
    '$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a',
    '$y$j9T$abcdefgh$IUWJt2doU4Kf6E',
    'secret',
    '',
  ];
  for (const hash of [...others, '$6$salt', '$6$salt$', '$1$rounds=1000$salt$9xy1btjgzLYfb7hivXtC//', '$7$salt$abc']) {
    it(`'${hash}' is none that is known, and nobody's`, () => {
      assert.equal(isCryptHash(hash), false);
      for (const password of ['secret', '', hash]) assert.equal(cryptMatches(Buffer.from(password), hash), false);
    });
  }

  it('has rounds by default, written ones within bounds, or none', () => {
    const rounds = ['$5$s$x', '$6$rounds=70000$s$x', '$6$rounds=1$s$x', '$6$rounds=999999999$s$x', '$1$s$x', 'secret'].map(cryptRounds);
    assert.deepEqual(rounds, [5000, 70_000, 1000, 999_999_999, undefined, undefined]);
  });
});
