import {
  GraphQLError,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';

/** What one operation may hold; the same over HTTP and WebSocket. */
export const QUERY_LIMITS = { depth: 6, aliases: 15, directives: 50, tokens: 1000, cost: 5000 } as const;

interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
}

const NOTHING: Measure = { depth: 0, aliases: 0, directives: 0 };

/** A validation rule that counts through fragments: repeating a spread repeats its cost. */
export const limitQueries: ValidationRule = (context) => ({
  OperationDefinition(node) {
    const measure = new DocumentMeasurer(context.getDocument()).measureSet(node.selectionSet);
    for (const name of ['depth', 'aliases', 'directives'] as const) {
      if (measure[name] <= QUERY_LIMITS[name]) continue;
      context.reportError(
        new GraphQLError(`The operation is over the limit of ${name}: ${QUERY_LIMITS[name]}.`, {
          nodes: node,
        }),
      );
    }
  },
});

class DocumentMeasurer {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly measured = new Map<string, Measure>();

  constructor(document: DocumentNode) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(definition.name.value, definition);
    }
  }

  measureSet(set: SelectionSetNode | undefined): Measure {
    let { depth, aliases, directives } = NOTHING;
    for (const selection of set?.selections ?? []) {
      const part = this.measureSelection(selection);
      depth = Math.max(depth, part.depth);
      aliases += part.aliases;
      directives += part.directives + (selection.directives?.length ?? 0);
    }
    return { depth, aliases, directives };
  }

  private measureSelection(selection: SelectionNode): Measure {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.measureFragment(selection.name.value);
    const inner = this.measureSet(selection.selectionSet);
    if (selection.kind === Kind.INLINE_FRAGMENT) return inner;
    return {
      // Introspection is deep by its nature and costs no database work.
      depth: selection.name.value.startsWith('__') ? 0 : inner.depth + 1,
      aliases: inner.aliases + (selection.alias ? 1 : 0),
      directives: inner.directives,
    };
  }

  private measureFragment(name: string): Measure {
    const known = this.measured.get(name);
    if (known) return known;
    // In place while its own inside is measured: a cycle ends here, and GraphQL's own rule reports it.
    this.measured.set(name, NOTHING);
    const measure = this.measureSet(this.fragments.get(name)?.selectionSet);
    this.measured.set(name, measure);
    return measure;
  }
}
