import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../schema.graphql',
  documents: ['src/lib/**/*.graphql'],
  generates: {
    'src/lib/graphql/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        // A string is a tenth of a parsed document, and nothing here reads a document's parts.
        documentMode: 'string',
        enumType: 'string-literal',
        enumsAsTypes: true,
        scalars: {
          DateTime: 'string',
          NumberColumn: '(number | null)[]',
          JSONObject: 'Record<string, unknown>',
        },
      },
    },
  },
};

export default config;
