import { readNextPath } from './next-path.js';

describe('where signing in leads', () => {
  it.each([
    ['/monitors/1?range=6h', '', '/monitors/1?range=6h'],
    ['/watch/settings/profile', '/watch', '/watch/settings/profile'],
    ['/a/../b', '', '/b'],
    ['/', '', '/'],
    ['/?next=//evil.example', '', '/?next=//evil.example'],
  ])('%s below %j is %s', (wanted, base, path) => expect(readNextPath(wanted, base)).toBe(path));

  it.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/%2f/evil.example',
    '/%5cevil.example',
    '/%2F%2Fevil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    ' //evil.example',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    'evil.example',
    '',
    `/${'x'.repeat(2000)}`,
    '/x"><script>',
    '/é',
  ])('%j is home', (wanted) => {
    const path = readNextPath(wanted, '');
    expect(new URL(path, 'https://hub.example').origin).toBe('https://hub.example');
    if (!wanted.startsWith('/x"')) expect(path).toBe('/');
    else expect(path).toBe('/x%22%3E%3Cscript%3E');
  });

  it('leads to nobody beside the hub’s own sub-path', () => {
    for (const wanted of ['/', '/other', '/watch/../other', '/watchful']) {
      expect(readNextPath(wanted, '/watch')).toBe('/watch/');
    }
    expect(readNextPath(undefined, '/watch')).toBe('/watch/');
  });
});
