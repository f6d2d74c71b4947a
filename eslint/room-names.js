/**
 * The rule `millrace/room-names`: a file is found by what it is about. Nothing is called common, utils or helpers, and a
 * lib has no barrel: whoever needs a name imports the file that defines it.
 */
import path from 'node:path';

/** Names that say nothing about what is inside, for a folder and for a file. */
const SAYS_NOTHING = new Set(['common', 'util', 'utils', 'utilities', 'helper', 'helpers', 'shared', 'misc']);

/** @type {import('eslint').Rule.RuleModule} */
export const roomNames = {
  meta: {
    type: 'problem',
    docs: { description: 'No room named common, utils or helpers; no barrel inside a lib' },
    schema: [],
    messages: {
      name: 'rule room-names: "{{name}}" says nothing about what is inside; name it for its one subject',
      barrel: 'rule room-names: no barrel inside a lib; import the file that defines the name',
    },
  },

  create(context) {
    const parts = path.relative(context.cwd, context.filename).split(path.sep);
    const file = parts.at(-1) ?? '';
    const inLibs = parts[0] === 'libs';
    return {
      Program(node) {
        const name = [...parts.slice(0, -1), file.split('.')[0] ?? ''].find((part) => SAYS_NOTHING.has(part));
        if (name !== undefined) context.report({ node, messageId: 'name', data: { name } });
        if (inLibs && /^index\.[cm]?[jt]s$/.test(file)) context.report({ node, messageId: 'barrel' });
      },
      ExportAllDeclaration(node) {
        if (inLibs) context.report({ node, messageId: 'barrel' });
      },
    };
  },
};
