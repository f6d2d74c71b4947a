import path from 'node:path';
import { RuleTester } from 'eslint';
import { describe, it } from 'vitest';
import { roomNames } from './room-names.js';

RuleTester.describe = describe;
RuleTester.it = it;
RuleTester.itOnly = it.only;

const ruleTester = new RuleTester();

function file(name, code = 'export const x = 1;') {
  return { filename: path.join(process.cwd(), name), code, name };
}

ruleTester.run('room-names', roomNames, {
  valid: [
    file('libs/queue/envelope-writer.ts'),
    file('apps/cli/commands/index.ts'),
    file('libs/queue/shared-connection.ts'),
    file('apps/cli/commands/index.ts', `export * from './up.js';`),
  ],
  invalid: [
    { ...file('libs/common/x.ts'), errors: [{ messageId: 'name' }] },
    { ...file('apps/api/utils/x.ts'), errors: [{ messageId: 'name' }] },
    { ...file('libs/queue/helpers.ts'), errors: [{ messageId: 'name' }] },
    { ...file('libs/queue/utils.spec.ts'), errors: [{ messageId: 'name' }] },
    { ...file('libs/queue/index.ts'), errors: [{ messageId: 'barrel' }] },
    { ...file('libs/queue/everything.ts', `export * from './marks.js';`), errors: [{ messageId: 'barrel' }] },
  ],
});
