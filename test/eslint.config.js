import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

export default defineConfig(
  // The configuration lives in test/, and paths are matched from the directory that eslint starts in.
  { ignores: ['**/node_modules/', 'dist/', 'fixtures/', 'builders/'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false, fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A method that fulfils an asynchronous interface need not wait for anything itself.
      '@typescript-eslint/require-await': 'off',
      'eqeqeq': 'error',
      'no-console': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/formats/{api-features,versions}.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.name=/^(parseApiVersion|compareApiVersions)$/] > Literal',
          message: 'Ask for a feature by its name: hasFeature or hasBuildpackFeature (src/formats/api-features.ts).',
        },
        {
          selector: 'CallExpression[callee.name=/^mkdir/] Property[key.name="recursive"]',
          message: 'Use makeDirectories (src/base/files.ts), which ends on every file system.',
        },
        {
          selector: 'BinaryExpression > MemberExpression[property.name=/^(minor|major)$/]',
          message: 'Ask for a feature by its name: hasFeature or hasBuildpackFeature (src/formats/api-features.ts).',
        },
      ],
    },
  },
  {
    // vitest's asymmetric matchers are of type any.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-return': 'off' },
  },
)
