/** As `Role`, from the one with most to the one with least. */
export const ROLES_BY_RANK = ['admin', 'editor', 'viewer'] as const;
type MappedRole = (typeof ROLES_BY_RANK)[number];

/** `ops=admin,dev=editor`: which role a value of the claim gives; undefined where it cannot be read. */
export function readRoleMap(text: string): ReadonlyMap<string, MappedRole> | undefined {
  const map = new Map<string, MappedRole>();
  for (const part of text.split(',')) {
    const at = part.lastIndexOf('=');
    const value = part.slice(0, Math.max(at, 0)).trim();
    const role = ROLES_BY_RANK.find((known) => known === part.slice(at + 1).trim());
    if (value === '' || role === undefined || map.has(value)) return undefined;
    map.set(value, role);
  }
  return map;
}
