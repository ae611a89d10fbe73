import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildInstallLine } from './install-line.ts';

const token = 'wke_abc';

test('is one line for a hub with a certificate that everybody trusts, under its path too', () => {
  assert.equal(
    buildInstallLine({ url: 'https://example.org/watch', pin: null, token }),
    'curl -fsSL https://example.org/watch/install.sh | sudo sh -s -- --url https://example.org/watch --token wke_abc',
  );
});

test('pins a certificate of the hub’s own in both halves', () => {
  assert.equal(
    buildInstallLine({ url: 'https://watch.lan:3000', pin: 'sha256//a+/b=', token }),
    "curl -fsSL -k --pinnedpubkey 'sha256//a+/b=' https://watch.lan:3000/install.sh | " +
      "sudo sh -s -- --url https://watch.lan:3000 --token wke_abc --pin 'sha256//a+/b='",
  );
});

test('says so where the way is plain http, but not on the machine itself', () => {
  assert.match(buildInstallLine({ url: 'http://192.0.2.7:3000', pin: null, token }), / --allow-http$/);
  assert.doesNotMatch(buildInstallLine({ url: 'http://127.0.0.1:3000', pin: null, token }), /--allow-http/);
});
