import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAgentLine, buildInstallLine, buildReportLine } from './install-line.ts';

const token = 'wke_abc';
const report = { cpu: { usagePercent: 12.5 } };

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

test('agent and curl by hand know the certificate too, and say where the way is plain http', () => {
  const pinned = { url: 'https://watch.lan:3000', pin: 'sha256//a+/b=', apiKey: 'wk_abc' };
  assert.equal(
    buildAgentLine(pinned),
    "curl -fsSO -k --pinnedpubkey 'sha256//a+/b=' https://watch.lan:3000/agent.cjs && " +
      "(umask 077; printf %s 'wk_abc' > watchkeeper.key) && " +
      "node agent.cjs --url https://watch.lan:3000 --key-file watchkeeper.key --pin 'sha256//a+/b='",
  );
  assert.match(
    buildReportLine({ ...pinned, report }),
    /^curl -k --pinnedpubkey 'sha256\/\/a\+\/b=' -H .* -d '\{"cpu":\{"usagePercent":12\.5\}\}' https:\/\/watch\.lan:3000\/api\/monitoring\/data$/,
  );
  const open = { url: 'http://192.0.2.7:3000', pin: null, apiKey: 'wk_abc' };
  assert.match(buildAgentLine(open), / --allow-http$/);
  assert.doesNotMatch(buildReportLine({ ...open, report }) + buildAgentLine(open), /pin|-k /);
});
