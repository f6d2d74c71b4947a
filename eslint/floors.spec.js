import path from 'node:path';
import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { FLOORS, floors } from './floors.js';

RuleTester.describe = describe;
RuleTester.it = it;
RuleTester.itOnly = it.only;

const ruleTester = new RuleTester({ languageOptions: { parser: tseslint.parser, sourceType: 'module' } });
const ROOT = process.cwd();

/** A file with one import. */
function file(name, specifier) {
  return source(name, `import { x } from '${specifier}';`);
}
function source(name, code) {
  return { filename: path.join(ROOT, name), code, name: `${name}: ${code}` };
}
function broken(name, specifier, message) {
  return { ...file(name, specifier), errors: [{ message: `rule floors: ${message}` }] };
}

describe('what a floor may import', () => {
  ruleTester.run('floors', floors, {
    valid: [
      file('libs/domain/project.ts', './outcome.js'),
      file('libs/domain/project.spec.ts', 'vitest'),
      file('libs/domain/project.spec.ts', 'fast-check'),
      file('libs/domain/project.spec.ts', 'node:fs'),
      file('libs/contract/envelope.ts', '#domain/failure'),
      file('libs/contract/prediction.dto.ts', 'class-validator'),
      file('libs/contract/prediction.dto.ts', '@nestjs/swagger'),
      file('libs/models/manifest.ts', 'ajv/dist/2020.js'),
      file('libs/models/repository.ts', 'node:fs/promises'),
      file('libs/queue/connection.ts', 'ioredis'),
      file('libs/queue/envelope-writer.ts', '#contract/envelope'),
      file('libs/queue/deep/er.ts', '../envelope-writer.js'),
      file('libs/inference/tensors.ts', 'onnxruntime-node'),
      file('libs/inference/executor.ts', '#models/manifest'),
      file('libs/config/api-settings.ts', 'zod'),
      file('libs/telemetry/logger.ts', 'pino'),
      file('libs/process/process.module.ts', '@nestjs/common'),
      file('libs/process/process.module.ts', 'nestjs-pino'),
      file('libs/process/process.module.ts', '#telemetry/logger'),
      file('libs/testing/fleet.ts', '#queue/connection'),
      file('libs/queue/janitor.spec.ts', '#testing/redis'),
      file('apps/api/main.ts', '@nestjs/core'),
      file('apps/api/accept-prediction.ts', '#queue/envelope-writer'),
      file('apps/worker/execute-envelope.ts', '#inference/dynamic-batcher'),
      file('test/e2e/predict.spec.ts', '#testing/redis'),
      file('test/e2e/predict.spec.ts', 'ioredis'),
      file('test/e2e/predict.spec.ts', '../../apps/api/app.module.js'),
      file('bench/bare.ts', 'bullmq'),
      file('bench/bare.ts', '../test/limits.js'),
      file('bin/start.mjs', '../dist/libs/queue/connection.js'),
    ],
    invalid: [
      broken('libs/domain/project.ts', 'node:crypto', 'libs/domain imports nothing; it imports node:crypto'),
      broken('libs/domain/project.ts', 'crypto', 'libs/domain imports nothing; it imports node:crypto'),
      broken('libs/domain/project.ts', 'rxjs', 'libs/domain imports nothing; it imports rxjs'),
      broken(
        'libs/domain/project.ts',
        '#contract/envelope',
        'libs/domain may import no other room; it imports contract',
      ),
      broken('libs/contract/envelope.ts', '#queue/marks', 'libs/contract may import only domain; it imports queue'),
      broken(
        'libs/contract/envelope.ts',
        '#models/manifest',
        'libs/contract may import only domain; it imports models',
      ),
      broken(
        'libs/models/manifest.ts',
        '#contract/envelope',
        'libs/models may import only domain; it imports contract',
      ),
      broken(
        'libs/models/manifest.ts',
        'undici',
        'libs/models may import only ajv, ajv-formats; it imports the package undici',
      ),
      broken(
        'libs/queue/marks.ts',
        '#inference/tensors',
        'libs/queue may import only domain, contract, models, config; it imports inference',
      ),
      broken(
        'libs/inference/executor.ts',
        '#queue/marks',
        'libs/inference may import only domain, contract, models; it imports queue',
      ),
      broken(
        'libs/inference/executor.ts',
        '#config/worker-settings',
        'libs/inference may import only domain, contract, models; it imports config',
      ),
      broken('libs/client/http.ts', '#contract/problem', 'libs/client may import no other room; it imports contract'),
      broken('libs/telemetry/logger.ts', '#config/logs', 'libs/telemetry may import no other room; it imports config'),
      broken('libs/config/settings.ts', '#domain/failure', 'libs/config may import no other room; it imports domain'),
      broken(
        'libs/process/health.ts',
        '#queue/connection',
        'libs/process may import only config, telemetry; it imports queue',
      ),
    ],
  });
});

describe('packages that have an owner', () => {
  ruleTester.run('floors', floors, {
    valid: [],
    invalid: [
      broken('apps/worker/main.ts', 'bullmq', 'only libs/queue imports it; apps/worker imports bullmq'),
      broken('libs/testing/redis.ts', 'ioredis', 'only libs/queue imports it; libs/testing imports ioredis'),
      broken('apps/api/ready.spec.ts', 'ioredis', 'only libs/queue imports it; apps/api imports ioredis'),
      broken(
        'apps/worker/main.ts',
        'onnxruntime-node',
        'only libs/inference imports it; apps/worker imports onnxruntime-node',
      ),
      broken('apps/api/main.ts', 'zod', 'only libs/config imports it; apps/api imports zod'),
      broken(
        'libs/queue/janitor.ts',
        'pino',
        'a plain lib reports through return values and callbacks; ' +
          'only libs/telemetry, libs/process and apps import it; libs/queue imports pino',
      ),
      broken(
        'libs/queue/janitor.ts',
        '@nestjs/common',
        'Nest is in apps and libs/process only; a plain lib is built with new; libs/queue imports @nestjs/common',
      ),
      broken(
        'libs/contract/prediction.dto.ts',
        '@nestjs/common',
        'Nest is in apps and libs/process only; a plain lib is built with new; libs/contract imports @nestjs/common',
      ),
      broken(
        'libs/models/manifest.ts',
        '@nestjs/swagger',
        'only apps, libs/process and libs/contract import it; libs/models imports @nestjs/swagger',
      ),
    ],
  });
});

describe('apps, tests and paths', () => {
  ruleTester.run('floors', floors, {
    valid: [],
    invalid: [
      broken(
        'libs/queue/janitor.ts',
        '#testing/redis',
        'testing is imported by specs, test and bench only; libs/queue/janitor.ts imports it',
      ),
      broken(
        'apps/api/main.ts',
        '#testing/redis',
        'testing is imported by specs, test and bench only; apps/api/main.ts imports it',
      ),
      broken(
        'apps/api/main.ts',
        '#inference/tensors',
        'apps/api may import only domain, contract, models, queue, rows, webhooks, statistics, access, process, config, ' +
          'telemetry; it imports inference',
      ),
      broken(
        'apps/api/main.ts',
        '../worker/main.js',
        'apps never import other apps; apps/api imports ../worker/main.js',
      ),
      broken(
        'libs/process/health.ts',
        '../../apps/api/main.js',
        'a lib never imports an app; libs/process imports ../../apps/api/main.js',
      ),
      broken(
        'libs/queue/marks.ts',
        '../domain/mark.js',
        'another room is imported by its name, "#domain/..."; libs/queue imports ../domain/mark.js',
      ),
      broken(
        'test/e2e/predict.spec.ts',
        '../../libs/queue/marks.js',
        'another room is imported by its name, "#queue/..."; test imports ../../libs/queue/marks.js',
      ),
      broken(
        'apps/api/version.ts',
        '../../package.json',
        'a relative import stays in its own room; apps/api imports ../../package.json',
      ),
      broken(
        'libs/queue/marks.ts',
        '#queue/envelope-writer',
        'inside a room imports are relative, "./x.js"; libs/queue imports #queue/envelope-writer',
      ),
      broken(
        'libs/queue/marks.ts',
        '#domain/mark.js',
        '"#domain/mark.js" is written without an extension: "#domain/mark"',
      ),
      broken(
        'apps/api/main.ts',
        '#rollout/stable',
        '#rollout/stable names no room of libs; a new room needs its line in eslint/floors.js',
      ),
      {
        ...source('libs/rollout/stable.ts', 'export const x = 1;'),
        errors: [{ message: 'rule floors: libs/rollout has no line in the table of eslint/floors.js' }],
      },
    ],
  });
});

describe('every way to name a module', () => {
  const sources = [
    `import '#queue/marks';`,
    `import type { X } from '#queue/marks';`,
    `export { x } from '#queue/marks';`,
    `export * from '#queue/marks';`,
    `const x = await import('#queue/marks');`,
    `const x = require('#queue/marks');`,
    `const x = import.meta.resolve('#queue/marks');`,
    `let x: import('#queue/marks').X;`,
    `import x = require('#queue/marks');`,
  ];
  ruleTester.run('floors', floors, {
    valid: [],
    invalid: sources.map((code) => ({
      ...source('libs/inference/executor.ts', code),
      errors: [{ messageId: 'lib' }],
    })),
  });
});

it('has no cycle among the floors', () => {
  const unplaced = new Map(
    Object.entries(FLOORS).map(([room, floor]) => [room, floor.libs.map((lib) => `libs/${lib}`)]),
  );
  while (unplaced.size > 0) {
    const next = [...unplaced].find(([, below]) => below.every((room) => !unplaced.has(room)));
    expect(next, `a cycle among ${[...unplaced.keys()].join(', ')}`).toBeDefined();
    unplaced.delete(next[0]);
  }
});
