import { readText } from './report-text.js';

const fault = (value: unknown) =>
  'fault' in readText(value) ? (readText(value) as { fault: string }).fault : undefined;

describe('readText', () => {
  it.each([
    ['', ''],
    ['eth0', 'eth0'],
    ["'; drop table monitor; -- ${x} {{y}}", "'; drop table monitor; -- ${x} {{y}}"],
    ['e\u0301', 'é'],
    ['\u202eevil', '\u202eevil'],
    ['👨‍👩‍👧', '👨‍👩‍👧'],
    ['x'.repeat(256), 'x'.repeat(256)],
    ['é'.repeat(256), 'é'.repeat(256)],
    ['e\u0301'.repeat(256), 'é'.repeat(256)],
    ['💾'.repeat(256), '💾'.repeat(256)],
  ])('takes %j', (value, text) => {
    expect(readText(value)).toEqual({ text });
  });

  it.each(['\0', 'a\nb', '\u001b[2J', 'a\u007f', 'é\u0085', '\ud800', 'x\udc00é'])('refuses %j', (value) => {
    expect(fault(value)).toBe('bad_text');
  });

  it.each([
    'x'.repeat(257),
    'é'.repeat(257),
    '💾'.repeat(257),
    'e\u0301'.repeat(257),
    'a' + '\u0301'.repeat(1_000),
  ])('finds %# too long', (value) => {
    expect(fault(value)).toBe('too_long');
  });

  it.each([undefined, null, 1, true, {}, ['x']])('takes %j for no text', (value) => {
    expect(fault(value)).toBe('wrong_type');
  });
});
