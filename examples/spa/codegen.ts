import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../graph/schema/*.graphqls',
  documents: 'src/**/*.tsx',
  ignoreNoDocuments: false,
  generates: {
    'src/gql/': {
      preset: 'client',
      config: { useTypeImports: true, scalars: { Time: 'string', Cursor: 'string', Long: 'number', Permission: 'string' } },
    },
  },
};
export default config;
