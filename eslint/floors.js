/**
 * The rule `millrace/floors`: dependencies run one way.
 *
 *   domain <- {contract, models} <- {queue, inference} <- apps
 *
 * `FLOORS` is the whole truth about who may import whom; `OWNERS` says which npm packages belong to which rooms. A room
 * is one folder of `libs/` or `apps/`. Tests (`test/`), measurements (`bench/`) and specs stand on top of the house.
 */
import { isBuiltin } from 'node:module';
import path from 'node:path';

/**
 * @typedef {object} Floor
 * @property {readonly string[]} libs other rooms of `libs/` that this one may import
 * @property {readonly string[]} [npm] a closed list of npm packages; without it every package that has no other owner
 * @property {boolean} [nothing] true where not even a Node module may be imported
 */

/** Every room has a line; a new room needs one, so that its floor is a decision. @type {Readonly<Record<string, Floor>>} */
export const FLOORS = {
  'libs/domain': { libs: [], npm: [], nothing: true },

  'libs/contract': {
    libs: ['domain'],
    npm: ['@nestjs/swagger', 'class-transformer', 'class-validator', 'reflect-metadata'],
  },
  'libs/models': { libs: ['domain'], npm: ['ajv', 'ajv-formats'] },

  'libs/rows': { libs: ['domain', 'contract', 'models'] },
  'libs/queue': { libs: ['domain', 'contract', 'models', 'config'] },
  'libs/inference': { libs: ['domain', 'contract', 'models'] },

  'libs/webhooks': { libs: ['domain'] },
  'libs/statistics': { libs: ['domain'] },
  'libs/access': { libs: ['domain'] },

  // It runs in browsers too: not even a Node module.
  'libs/client': { libs: [], npm: [], nothing: true },
  'libs/config': { libs: [], npm: ['zod'] },
  'libs/telemetry': {
    libs: [],
    npm: [
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
      'pino',
      'pino-pretty',
      'prom-client',
    ],
  },
  'libs/process': { libs: ['config', 'telemetry'] },

  'libs/testing': {
    libs: [
      'domain',
      'contract',
      'models',
      'queue',
      'rows',
      'inference',
      'webhooks',
      'statistics',
      'access',
      'client',
      'config',
    ],
  },

  // The API's image carries no onnxruntime-node: only the worker runs graphs, and `predict --offline`. The command line
  // is a client of the HTTP API: no queue.
  'apps/api': {
    libs: [
      'domain',
      'contract',
      'models',
      'queue',
      'rows',
      'webhooks',
      'statistics',
      'access',
      'process',
      'config',
      'telemetry',
    ],
  },
  'apps/worker': { libs: ['domain', 'contract', 'models', 'queue', 'inference', 'process', 'config', 'telemetry'] },
  'apps/courier': { libs: ['domain', 'contract', 'queue', 'webhooks', 'access', 'process', 'config', 'telemetry'] },
  'apps/monitor': {
    libs: ['domain', 'contract', 'models', 'queue', 'statistics', 'access', 'process', 'config', 'telemetry'],
  },
  'apps/cli': {
    libs: [
      'domain',
      'contract',
      'models',
      'inference',
      'webhooks',
      'access',
      'client',
      'process',
      'config',
      'telemetry',
    ],
  },
};

/**
 * Packages that belong to some rooms; everybody else goes through those.
 * @type {readonly { packages: RegExp; rooms: readonly string[]; says: string }[]}
 */
export const OWNERS = [
  { packages: /^(bullmq|ioredis)$/, rooms: ['libs/queue'], says: 'only libs/queue imports it' },
  { packages: /^onnxruntime-(node|common)$/, rooms: ['libs/inference'], says: 'only libs/inference imports it' },
  { packages: /^zod$/, rooms: ['libs/config'], says: 'only libs/config imports it' },
  {
    packages: /^(pino|prom-client)$/,
    rooms: ['libs/telemetry', 'libs/process', 'apps/*'],
    says: 'a plain lib reports through return values and callbacks; only libs/telemetry, libs/process and apps import it',
  },
  { packages: /^@opentelemetry\/.+$/, rooms: ['libs/telemetry'], says: 'only libs/telemetry imports it' },
  {
    packages: /^@nestjs\/swagger$/,
    rooms: ['apps/*', 'libs/process', 'libs/contract'],
    says: 'only apps, libs/process and libs/contract import it',
  },
  {
    packages: /^(@nestjs\/.+|nestjs-.+|@willsoto\/nestjs-.+|@bull-board\/.+)$/,
    rooms: ['apps/*', 'libs/process'],
    says: 'Nest is in apps and libs/process only; a plain lib is built with new',
  },
];

/** A spec may use what tests are made of, wherever it stands. */
const TEST_TOOLS = /^(vitest|fast-check|@nestjs\/testing)$/;

/** @type {import('eslint').Rule.RuleModule} */
export const floors = {
  meta: {
    type: 'problem',
    docs: { description: 'Dependencies run one way: domain <- {contract, models} <- {queue, inference} <- apps' },
    schema: [],
    messages: {
      lib: 'rule floors: {{room}} may import {{allowed}}; it imports {{target}}',
      package: 'rule floors: {{room}} may import {{allowed}}; it imports the package {{target}}',
      nothing: 'rule floors: {{room}} imports nothing; it imports {{target}}',
      owned: 'rule floors: {{says}}; {{room}} imports {{target}}',
      testing: 'rule floors: testing is imported by specs, test and bench only; {{file}} imports it',
      app: 'rule floors: apps never import other apps; {{room}} imports {{target}}',
      aboveApp: 'rule floors: a lib never imports an app; {{room}} imports {{target}}',
      outside: 'rule floors: a relative import stays in its own room; {{room}} imports {{target}}',
      crossLib: 'rule floors: another room is imported by its name, "#{{name}}/..."; {{room}} imports {{target}}',
      own: 'rule floors: inside a room imports are relative, "./x.js"; {{room}} imports {{target}}',
      extension: 'rule floors: "{{target}}" is written without an extension: "{{bare}}"',
      unknownRoom: 'rule floors: {{target}} names no room of libs; a new room needs its line in eslint/floors.js',
      homeless: 'rule floors: {{room}} has no line in the table of eslint/floors.js',
    },
  },

  create(context) {
    const here = locate(path.relative(context.cwd, context.filename));
    if (here === null) return {};

    /** @param {import('estree').Node} node @param {string} messageId @param {Record<string, string>} data */
    const report = (node, messageId, data) => {
      context.report({ node, messageId, data: { room: here.room, file: here.file, ...data } });
    };

    /** @param {unknown} source the string literal that names the module */
    const check = (source) => {
      const literal = /** @type {import('estree').Literal | null | undefined} */ (source);
      if (literal?.type !== 'Literal' || typeof literal.value !== 'string') return;
      const broken = judge(here, literal.value);
      if (broken !== null) report(literal, broken.messageId, broken.data);
    };

    /** @param {import('estree').CallExpression} call */
    const checkCall = ({ callee, arguments: [first] }) => {
      const name = callee.type === 'Identifier' ? callee.name : memberName(callee);
      if (RESOLVING_CALLS.has(name)) check(first);
    };

    return {
      Program(node) {
        if (here.isRoom && FLOORS[here.room] === undefined) report(node, 'homeless', {});
      },
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      CallExpression: checkCall,
      /** @param {any} node */
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
      /** @param {any} node */
      TSExternalModuleReference: (node) => check(node.expression),
    };
  },
};

/** Calls whose first argument names a module as an import does. */
const RESOLVING_CALLS = new Set(['require', 'require.resolve', 'import.meta.resolve', 'vi.mock', 'vi.doMock']);

/** @param {import('estree').CallExpression['callee']} callee */
function memberName(callee) {
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return '';
  if (callee.object.type === 'Identifier') return `${callee.object.name}.${callee.property.name}`;
  return callee.object.type === 'MetaProperty' ? `import.meta.${callee.property.name}` : '';
}

/**
 * @typedef {object} Place where a file stands
 * @property {string} file path from the root, with forward slashes
 * @property {string} room `libs/queue`, `apps/api`, `test` or `bench`
 * @property {boolean} isRoom false on top of the house: test and bench
 * @property {boolean} isTest a spec, or on top of the house
 */

/**
 * @param {string} relativeFile path from the root
 * @returns {Place | null} null where the rule does not look
 */
function locate(relativeFile) {
  const file = relativeFile.split(path.sep).join('/');
  const [top, room, ...rest] = file.split('/');
  if (top === 'test' || top === 'bench') return { file, room: top, isRoom: false, isTest: true };
  if ((top !== 'libs' && top !== 'apps') || room === undefined || rest.length === 0) return null;
  const isTest = /\.spec\.[cm]?[jt]sx?$/.test(file);
  return { file, room: `${top}/${room}`, isRoom: true, isTest };
}

/**
 * @param {Place} here
 * @param {string} specifier
 * @returns {{ messageId: string; data: Record<string, string> } | null} the broken rule, or null
 */
function judge(here, specifier) {
  if (specifier.startsWith('.')) return judgeRelative(here, specifier);
  if (specifier.startsWith('#')) return judgeRoom(here, specifier);
  if (specifier.startsWith('/') || specifier.startsWith('file:')) {
    return { messageId: 'outside', data: { target: specifier } };
  }
  return here.isRoom ? judgePackage(here, specifier) : null;
}

/** @param {Place} here @param {string} specifier */
function judgeRelative(here, specifier) {
  const target = path.posix.join(path.posix.dirname(here.file), specifier);
  if (target === here.room || target.startsWith(`${here.room}/`)) return null;
  const [top, name = ''] = target.split('/');
  const data = { target: specifier, name };
  if (top === 'libs') return { messageId: 'crossLib', data };
  // Test and bench reach apps and each other by path: an app has no name of its own.
  if (!here.isRoom) return null;
  if (top !== 'apps') return { messageId: 'outside', data };
  return { messageId: here.room.startsWith('apps/') ? 'app' : 'aboveApp', data };
}

/** @param {Place} here @param {string} specifier */
function judgeRoom(here, specifier) {
  const name = specifier.slice(1).split('/')[0] ?? '';
  const target = `libs/${name}`;
  if (FLOORS[target] === undefined) return { messageId: 'unknownRoom', data: { target: specifier } };
  if (here.room === target) return { messageId: 'own', data: { target: specifier } };
  if (/\.[cm]?[jt]s$/.test(specifier)) {
    return { messageId: 'extension', data: { target: specifier, bare: specifier.replace(/\.[cm]?[jt]s$/, '') } };
  }
  if (name === 'testing') return here.isTest ? null : { messageId: 'testing', data: {} };
  const floor = FLOORS[here.room];
  if (!here.isRoom || floor === undefined || floor.libs.includes(name)) return null;
  return { messageId: 'lib', data: { target: name, allowed: listOf(floor.libs, 'no other room') } };
}

/** @param {Place} here @param {string} specifier */
function judgePackage(here, specifier) {
  const target = packageName(specifier);
  if (here.isTest && TEST_TOOLS.test(target)) return null;
  const floor = FLOORS[here.room];
  // A spec of the lowest floor may still read a file or make a random number.
  if (target.startsWith('node:')) {
    return floor?.nothing === true && !here.isTest ? { messageId: 'nothing', data: { target } } : null;
  }
  if (floor?.nothing === true) return { messageId: 'nothing', data: { target } };
  const owner = OWNERS.find((one) => one.packages.test(target));
  if (owner !== undefined && !owner.rooms.some((room) => matches(here.room, room))) {
    return { messageId: 'owned', data: { target, says: owner.says } };
  }
  if (floor?.npm === undefined || floor.npm.includes(target)) return null;
  return { messageId: 'package', data: { target, allowed: listOf(floor.npm, 'no package') } };
}

/** @param {string} room @param {string} pattern */
function matches(room, pattern) {
  return pattern === room || (pattern === 'apps/*' && room.startsWith('apps/'));
}

/** `ajv/dist/2020.js` is the package `ajv`; `fs/promises` is `node:fs`. @param {string} specifier */
function packageName(specifier) {
  const [first = '', second = ''] = specifier.replace(/^node:/, '').split('/');
  if (isBuiltin(specifier)) return `node:${first}`;
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** @param {readonly string[]} names @param {string} none */
function listOf(names, none) {
  return names.length === 0 ? none : `only ${names.join(', ')}`;
}
