import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import { floors } from './eslint/floors.js';
import { roomNames } from './eslint/room-names.js';

const TESTS = ['**/*.spec.{ts,js}', 'test/**', 'bench/**', 'libs/testing/**'];
const ENVIRONMENT = 'rule settings: only libs/config reads the environment; take the value from the settings';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.millrace/', '**/.venv/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', caughtErrors: 'all', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A number in a text is plain; everything else says how it is written.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A Nest module is a class without members.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Off: `return await publish(...)` ends a loop or a step, whether or not it yields something.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Off: it takes `this.#timer ??= ...` for a mere write; the compiler's noUnusedLocals knows better.
      'no-unused-private-class-members': 'off',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // Off: `async` without `await` keeps a port's promise and makes a throw a rejection.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    rules: {
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    // Off: a DTO or an injected class imported as a type leaves no decorator metadata; the app then starts with an
    // unknown dependency or, worse, validates nothing and says so nowhere. The rule cannot see that in every case.
    files: ['apps/**/*.ts', 'libs/process/**/*.ts', 'libs/contract/**/*.dto.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    // Off: Nest declares the types of its options as classes, and takes literals.
    files: ['apps/**/*.ts', 'libs/process/**/*.ts', 'libs/testing/**/*.ts', 'test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },

  // The rules of the house: who may import whom, what a file may be called, who reads the environment.
  {
    plugins: { millrace: { rules: { floors, 'room-names': roomNames } } },
    rules: { 'millrace/floors': 'error', 'millrace/room-names': 'error' },
  },
  {
    files: ['libs/**/*.ts', 'apps/**/*.ts'],
    ignores: ['libs/config/**', ...TESTS],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: ENVIRONMENT }],
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:process', 'process'].map((name) => ({ name, importNames: ['env'], message: ENVIRONMENT })),
        },
      ],
    },
  },
  {
    // The client runs in browsers too. `node:` modules are refused by floors, and `tsconfig.client.json` knows no Node.
    files: ['libs/client/**/*.ts'],
    ignores: TESTS,
    rules: {
      'no-restricted-globals': ['error', 'process', 'Buffer', 'global', 'require', 'setImmediate', '__dirname'],
    },
  },
  {
    // The command line speaks to a terminal; everything else has a logger or a return value.
    files: ['libs/**/*.ts', 'apps/**/*.ts'],
    ignores: ['apps/cli/**', ...TESTS],
    rules: { 'no-console': 'error' },
  },
  {
    // No cycle among files, through `#room/...` as well: modules that need each other have no order of initialisation.
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({
          conditionNames: ['source', 'import', 'node'],
          extensionAlias: { '.js': ['.ts', '.js'] },
        }),
      ],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/extensions': ['.ts', '.js'],
    },
    rules: { 'import-x/no-cycle': ['error', { ignoreExternal: true }] },
  },

  {
    files: TESTS,
    rules: {
      // Off in tests: a wrong index or an unbound spy fails the test, which is what a test is for.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Plain JavaScript: the tools of the house and what runs before anything is built.
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: globals.node },
  },
);
