import { defineConfig } from 'vitest/config';

/**
 * `#queue/marks` is `libs/queue/marks.ts` here, and `dist/libs/queue/marks.js` in a process of its own. Not `module`, as
 * Vite has it: what packages offer under it is for bundlers, and Node may not be able to load it.
 */
const conditions = ['source', 'node', 'development|production'];
const fromSource = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          // Without Redis and without child processes: the whole project ends within 15 s.
          include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'eslint/**/*.spec.js'],
          // Nothing takes a second where nobody else works: a busy machine may take many.
          testTimeout: 20_000,
          // They share nothing that one could spoil for another, and setting each apart takes longer than running it.
          isolate: false,
          // Several wait for a clock: alone in their process, one after the other, they hold up all the rest.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...fromSource,
        test: {
          name: 'integration',
          include: ['test/**/*.spec.ts'],
          globalSetup: ['test/global-setup.ts'],
          // Each file starts processes of its own; more at once than this and they starve one another.
          pool: 'forks',
          maxWorkers: 2,
          // Against what hangs: each wait in a test has a limit of its own. Three times what a busy machine takes.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // After the unit tests: projects that run side by side must agree on how many workers they have.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
