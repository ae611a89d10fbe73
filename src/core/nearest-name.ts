/** The known name with the fewest letters changed. A name known without the prefix is meant before all others. */
export function findNearestName(name: string, known: readonly string[], prefix: string): string {
  const bare = name.slice(prefix.length);
  if (known.includes(bare)) return bare;
  const candidates = known.filter((candidate) => candidate.startsWith(prefix));
  const distances = candidates.map((candidate) => measureDistance(name, candidate));
  return candidates[distances.indexOf(Math.min(...distances))] ?? '';
}

/** Levenshtein's distance: letters to insert, delete or replace. */
function measureDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (previous[column - 1] as number) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[right.length] as number;
}
