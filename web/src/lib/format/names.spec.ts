import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstLetter, nameInText, showName } from './names.ts';

test('a name is shown so that all of it is seen', () => {
  const cases: [string, string][] = [
    ['web-01', 'web-01'],
    ['<b>&amp;', '<b>&amp;'],
    ['Zürich 東京 שלום', 'Zürich 東京 שלום'],
    ['👩‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿', '👩‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['می‌خواهم', 'می‌خواهم'],
    ['web\u200b-01', 'web⟨U+200B⟩-01'],
    ['we\u200db', 'we⟨U+200D⟩b'],
    ['\u202egnp.exe', '⟨U+202E⟩gnp.exe'],
    ['a\u2069\u202eb', 'a⟨U+2069⟩⟨U+202E⟩b'],
    ['\u0000\u001b[2J\u009b2J\u2028', '⟨U+0000⟩⟨U+001B⟩[2J⟨U+009B⟩2J⟨U+2028⟩'],
    ['line one\nline two', 'line one\nline two'],
    [' ', '⟨U+0020⟩'],
    ['\u3164', '⟨U+3164⟩'],
    ['\u200d\u200d', '⟨U+200D⟩⟨U+200D⟩'],
    ['\u2800', '⟨U+2800⟩'],
    ['\ud800', '⟨U+D800⟩'],
    [`a${'\u0301'.repeat(100)}b`, `a${'\u0301'.repeat(6)}⟨+94⟩b`],
    ['', ''],
  ];
  for (const [name, shown] of cases) assert.equal(showName(name), shown);
});

test('a name leaves the words around it where they are', () => {
  assert.equal(nameInText('web-01'), 'web-01');
  assert.equal(nameInText('שרת'), '\u2068שרת\u2069');
  assert.equal(nameInText('שרת\u2069\u202e'), '\u2068שרת⟨U+2069⟩⟨U+202E⟩\u2069');
});

test('a picture has a whole first letter', () => {
  assert.equal(firstLetter('anna'), 'a');
  assert.equal(firstLetter('👩‍👩‍👧‍👦 us'), '👩‍👩‍👧‍👦');
  assert.equal(firstLetter(''), '');
});
