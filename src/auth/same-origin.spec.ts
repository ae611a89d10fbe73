import { assertOwnPage } from './same-origin.js';

const JSON_BODY = { 'content-type': 'application/json', 'content-length': '2' };

const judge = (headers: Record<string, string>, method = 'POST', publicOrigin?: string): string => {
  try {
    assertOwnPage(
      { method, headers: { host: 'localhost:3000', ...headers }, protocol: 'http' },
      publicOrigin,
    );
    return 'passes';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('assertOwnPage', () => {
  it.each([
    ['the own page', { 'sec-fetch-site': 'same-origin', ...JSON_BODY }, 'passes'],
    ['a person at the address bar', { 'sec-fetch-site': 'none', ...JSON_BODY }, 'passes'],
    ['another site', { 'sec-fetch-site': 'cross-site', ...JSON_BODY }, 'forbidden'],
    ['a neighbour on the same domain', { 'sec-fetch-site': 'same-site', ...JSON_BODY }, 'forbidden'],
    [
      'another site that lies in Origin',
      { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:3000', ...JSON_BODY },
      'forbidden',
    ],
    ['an older browser on the own page', { origin: 'http://localhost:3000', ...JSON_BODY }, 'passes'],
    ['an older browser on another port', { origin: 'http://localhost:3001', ...JSON_BODY }, 'forbidden'],
    ['an older browser on another scheme', { origin: 'https://localhost:3000', ...JSON_BODY }, 'forbidden'],
    ['a sandboxed page', { origin: 'null', ...JSON_BODY }, 'forbidden'],
    ['a program', JSON_BODY, 'passes'],
    ['a charset', { 'content-type': 'application/json; charset=utf-8', 'content-length': '2' }, 'passes'],
    [
      'a form',
      { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '2' },
      'unsupported_media_type',
    ],
    [
      'a text that is JSON',
      { 'content-type': 'text/plain', 'content-length': '2' },
      'unsupported_media_type',
    ],
    [
      'a type that only begins like JSON',
      { 'content-type': 'application/json-patch', 'content-length': '2' },
      'unsupported_media_type',
    ],
    ['a body without a type', { 'content-length': '2' }, 'unsupported_media_type'],
    ['a chunked body without a type', { 'transfer-encoding': 'chunked' }, 'unsupported_media_type'],
    ['no body', { 'sec-fetch-site': 'same-origin' }, 'passes'],
    ['no body from another site', { 'sec-fetch-site': 'cross-site' }, 'forbidden'],
  ])('%s: %j %s', (_, headers, expected) => {
    expect(judge(headers)).toBe(expected);
  });

  it('lets anybody read (what they may see is another check)', () => {
    expect(judge({ 'sec-fetch-site': 'cross-site' }, 'GET')).toBe('passes');
    expect(judge({ 'sec-fetch-site': 'cross-site' }, 'HEAD')).toBe('passes');
    expect(judge({ 'sec-fetch-site': 'cross-site' }, 'DELETE')).toBe('forbidden');
  });

  it('knows the public address as its own', () => {
    expect(judge({ origin: 'https://watch.example', ...JSON_BODY }, 'POST', 'https://watch.example')).toBe(
      'passes',
    );
    expect(
      judge({ origin: 'https://watch.example.evil', ...JSON_BODY }, 'POST', 'https://watch.example'),
    ).toBe('forbidden');
  });
});
