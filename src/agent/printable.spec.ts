import { jest } from '@jest/globals';
import { HOSTILE_STRINGS } from '../../test/fixtures/hostile-strings.js';
import { createAgentLog } from './agent-log.js';
import { toPrintable, toPrintableLine } from './printable.js';

const ACTED_UPON = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

describe('what the agent prints', () => {
  it.each(HOSTILE_STRINGS.map(({ text, tries }) => [tries, text]))('is plain, with %s', (_, text) => {
    expect(toPrintableLine(text)).not.toMatch(ACTED_UPON);
    expect(JSON.parse(toPrintable(JSON.stringify({ text }, null, 2)))).toEqual({ text });
    expect(toPrintable('/mnt/päivä 1')).toBe('/mnt/päivä 1');
  });

  it.each(['json', 'plain'] as const)('is one line an entry, %s', (format) => {
    const lines: string[] = [];
    const write = jest.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(`${line}`) > 0);
    const log = createAgentLog({ lowest: 'info', format, secrets: [] });
    for (const { text } of HOSTILE_STRINGS) log('warn', `cannot read ${text}`, { text });
    write.mockRestore();
    expect(lines).toHaveLength(HOSTILE_STRINGS.length);
    for (const [place, line] of lines.entries()) {
      expect(line.slice(0, -1)).not.toMatch(ACTED_UPON);
      if (format === 'json') expect(JSON.parse(line).text).toBe(HOSTILE_STRINGS[place]!.text);
    }
  });
});
