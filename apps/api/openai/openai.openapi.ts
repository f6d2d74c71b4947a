/** What the routes of OpenAI's files and batches take and answer, for `/openapi.json`. */
import { header, LATE_BODY, pathParameter, problems } from '../openapi-parts.js';
import { OPENAI_SCHEMAS, text, UPLOAD } from './openai.schemas.js';

type Paths = Record<string, Record<string, object>>;

function json(name: keyof typeof OPENAI_SCHEMAS): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } };
}

function refusals(own: Readonly<Record<number, string>>): Record<string, object> {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/OpenAiProblem' } } };
  return Object.fromEntries(
    Object.entries(problems(own)).map(([status, { description }]) => [status, { description, content }]),
  );
}

const AWAY = 'Redis is away.';
const WRONG_QUERY = 'The query is not valid.';

function operation(id: string, summary: string, answer: object, own: Readonly<Record<number, string>>): object {
  const responses = { 200: answer, ...refusals({ ...own, 503: AWAY }) };
  return { operationId: id, tags: ['openai batches'], summary, responses };
}

function query(name: string, description: string): object {
  return { name, in: 'query', required: false, schema: text, description };
}

const ID = { parameters: [pathParameter('id')] };
const NO_FILE = 'There is no such file, or it is no longer kept.';
const NO_BATCH = 'There is no such batch, or it is no longer kept.';

const FILE_PATHS: Paths = {
  '/openai/v1/files': {
    post: {
      ...operation(
        'openAiCreateFile',
        'Upload a file of requests',
        { description: 'The file is stored.', content: json('OpenAiFile') },
        {
          400: 'The body is not a form, or ends too early.',
          408: 'Nothing arrived for a while (`upload_stalled`).',
          413: 'The file is too large.',
          415: 'The body is not multipart/form-data.',
          422: 'A field is missing or wrong, or there are too many files (`too_many_files`).',
          429: 'The service has no room for new files.',
        },
      ),
      requestBody: { required: true, content: { 'multipart/form-data': { schema: UPLOAD } } },
    },
    get: {
      ...operation(
        'openAiListFiles',
        'List the files that you have uploaded',
        { description: 'Your files.', content: json('OpenAiFileList') },
        { 422: WRONG_QUERY },
      ),
      parameters: [
        query('limit', 'At most this many.'),
        query('after', 'Continue after this file.'),
        query('order', '`desc`, newest first (the default), or `asc`.'),
        query('purpose', 'Only files with the purpose `batch` are listed.'),
      ],
    },
  },
  '/openai/v1/files/{id}': {
    get: {
      ...operation(
        'openAiGetFile',
        'Get a file',
        { description: 'The file, without its content.', content: json('OpenAiFile') },
        { 404: NO_FILE },
      ),
      ...ID,
    },
    delete: {
      ...operation(
        'openAiDeleteFile',
        'Delete a file',
        { description: 'It is deleted.', content: json('OpenAiFileDeletion') },
        {
          404: NO_FILE,
          409: 'A file of results, which is removed with its batch.',
        },
      ),
      ...ID,
    },
  },
  '/openai/v1/files/{id}/content': {
    get: {
      ...operation(
        'openAiReadFile',
        'Read a file',
        { description: 'Its lines.', content: { 'application/jsonl': { schema: text } } },
        { 404: NO_FILE },
      ),
      ...ID,
    },
  },
};

const BATCH_PATHS: Paths = {
  '/openai/v1/batches': {
    post: {
      ...operation(
        'openAiCreateBatch',
        'Create a batch from a file',
        {
          description: 'Every request is in the queue; or the file is not valid, and the batch has failed.',
          content: json('OpenAiBatch'),
        },
        {
          400: 'The body is not JSON.',
          ...LATE_BODY,
          404: 'The file, or the batch with this Idempotency-Key, is no longer kept.',
          409: 'The same Idempotency-Key is being handled right now, or the batch was canceled meanwhile.',
          413: 'The body is too large, or the file has too many requests.',
          415: 'The body is not application/json.',
          422: 'A field is missing or wrong, or the Idempotency-Key was used with another file.',
          429: 'The queue is full.',
        },
      ),
      description: 'The same Idempotency-Key and file give the same batch.',
      parameters: [
        header('Idempotency-Key', 'For example `night-17`: the same key and file give the same batch, for 24 hours.'),
      ],
      requestBody: { required: true, content: json('OpenAiBatchRequest') },
    },
    get: {
      ...operation(
        'openAiListBatches',
        'List your batches from files, newest first',
        { description: 'Your batches.', content: json('OpenAiBatchList') },
        { 422: WRONG_QUERY },
      ),
      parameters: [query('limit', 'At most 100; by default 20.'), query('after', 'Continue after this batch.')],
    },
  },
  '/openai/v1/batches/{id}': {
    get: {
      ...operation(
        'openAiGetBatch',
        'Get a batch from a file',
        { description: 'Where it stands.', content: json('OpenAiBatch') },
        { 404: NO_BATCH },
      ),
      ...ID,
    },
  },
  '/openai/v1/batches/{id}/cancel': {
    post: {
      ...operation(
        'openAiCancelBatch',
        'Cancel a batch from a file',
        { description: 'Where it stands now.', content: json('OpenAiBatch') },
        { 404: NO_BATCH },
      ),
      ...ID,
    },
  },
};

export const OPENAI_PATHS: Paths = { ...FILE_PATHS, ...BATCH_PATHS };
