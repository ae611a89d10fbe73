import { MemoryReportQueue } from './report-queue.js';

const listAll = (queue: MemoryReportQueue): string[] => queue.peek(1_000, Infinity).map(({ json }) => json);

describe('MemoryReportQueue', () => {
  it('gives up the oldest when it is full, and counts them', () => {
    const queue = new MemoryReportQueue(3);
    for (const json of ['a', 'b', 'c', 'd', 'e']) queue.push(json);
    expect(listAll(queue)).toEqual(['c', 'd', 'e']);
    expect(queue.droppedCount).toBe(2);
  });

  it('is bounded in bytes too, yet keeps the newest report however long it is', () => {
    const queue = new MemoryReportQueue(100, 10);
    for (const json of ['aaaa', 'bbbb', 'cccc']) queue.push(json);
    expect(listAll(queue)).toEqual(['bbbb', 'cccc']);
    queue.push('d'.repeat(50));
    expect(queue.size).toBe(1);
  });

  it('cuts a batch by bytes, but never to nothing', () => {
    const queue = new MemoryReportQueue(100);
    for (const json of ['aaaa', 'bbbb', 'cccc']) queue.push(json);
    expect(queue.peek(100, 9)).toHaveLength(2);
    expect(queue.peek(100, 1)).toHaveLength(1);
  });

  it('keeps order and count through many pushes and acknowledgements', () => {
    const queue = new MemoryReportQueue(50);
    const seen: string[] = [];
    for (let round = 0; round < 200; round++) {
      for (let one = 0; one < 7; one++) queue.push(String(round * 7 + one));
      const batch = queue.peek(7, Infinity);
      seen.push(...batch.map(({ json }) => json));
      queue.forgetThrough(batch.at(-1)!.sequence);
    }
    expect(seen).toEqual(Array.from({ length: 1_400 }, (_, index) => String(index)));
    expect(queue.size).toBe(0);
  });
});
