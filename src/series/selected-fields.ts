import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/**
 * Whether an operation asks for any of these fields of `parent`, a field of the one that is being resolved.
 * Fragments are looked into; @skip and @include are not, so a field that is left out may count as asked for.
 */
export function isAskedFor(info: GraphQLResolveInfo, parent: string, names: readonly string[]): boolean {
  const nodes = info.fieldNodes.map(({ selectionSet }) => selectionSet);
  return listFields(info, nodes)
    .filter((field) => field.name.value === parent)
    .some(({ selectionSet }) =>
      listFields(info, [selectionSet]).some((field) => names.includes(field.name.value)),
    );
}

/** The fields of these selections, those of fragments among them. A spread of itself has been refused before. */
function listFields(
  info: GraphQLResolveInfo,
  sets: readonly (SelectionSetNode | undefined)[],
): Extract<SelectionSetNode['selections'][number], { kind: Kind.FIELD }>[] {
  return sets
    .flatMap((set) => set?.selections ?? [])
    .flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value];
      return listFields(info, [fragment?.selectionSet]);
    });
}
