import comments from '@eslint-community/eslint-plugin-eslint-comments/configs';
import tseslint from 'typescript-eslint';

const clockAndChance = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'time is injected' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'time is injected' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'chance is injected' },
];
const noAsync = [
  { selector: 'AwaitExpression', message: 'the domain is pure: no promise in it' },
  { selector: ':function[async=true]', message: 'the domain is pure: no promise in it' },
];
const noGlobals = ['process', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'fetch', 'crypto'];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'eslint.config.js', 'scripts/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  comments.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Each `?.` and `??` counts as a branch here.
      complexity: ['error', 15],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
      '@eslint-community/eslint-comments/require-description': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Several of our classes are small by design, and interfaces and type aliases are both in use.
      '@typescript-eslint/no-extraneous-class': 'off',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'named exports only' }],
    },
  },
  {
    files: ['src/domain/**', 'src/runtime/**', 'src/controllers/**', 'src/api/**'],
    rules: {
      'no-restricted-globals': ['error', ...noGlobals],
      'no-restricted-syntax': ['error', ...clockAndChance],
    },
  },
  { files: ['src/domain/**'], rules: { 'no-restricted-syntax': ['error', ...clockAndChance, ...noAsync] } },
  {
    files: ['test/**', 'bench/**', 'demo/**', 'scripts/**'],
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-properties': ['error', { object: 'vi', property: 'mock', message: 'never mock what can be run' }],
    },
  },
  { files: ['vitest.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
