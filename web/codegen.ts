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
