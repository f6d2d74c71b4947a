/** What the routes of OpenAI's batches stand on. */
import type { Settings } from '#config/settings';
import type { Backlog } from '#queue/backlog';
import { FileBatches } from '#queue/file-batches';
import { Files } from '#queue/files';
import type { ModelQueues } from '#queue/model-queues';
import type { BatchParts } from '../batches/build-batches.js';
import type { OwnBatches } from '../batches/own-batches.js';
import { CreateFileBatch } from './create-file-batch.js';
import { OwnFileBatches } from './own-file-batches.js';
import { ReceiveFile } from './receive-file.js';

export interface OpenAiOptions {
  readonly settings: Settings;
  readonly queues: ModelQueues;
  readonly backlog: Backlog;
  readonly batches: BatchParts;
  readonly ownBatches: OwnBatches;
}

export interface OpenAiParts {
  readonly files: Files;
  readonly receive: ReceiveFile;
  readonly create: CreateFileBatch;
  readonly own: OwnFileBatches;
}

export function buildOpenAi({ settings, queues, backlog, batches, ownBatches }: OpenAiOptions): OpenAiParts {
  const files = new Files(queues);
  const fileBatches = new FileBatches(queues, settings.RESULT_TTL_SECONDS);
  const { catalogue, accept } = batches;
  return {
    files,
    receive: new ReceiveFile({
      files,
      backlog,
      maxBytes: settings.FILE_LIMIT_BYTES,
      ttlSeconds: settings.FILE_TTL_SECONDS,
      stallMs: settings.UPLOAD_STALL_SECONDS * 1_000,
    }),
    create: new CreateFileBatch({ files, fileBatches, catalogue, accept }),
    own: new OwnFileBatches(batches, ownBatches, fileBatches),
  };
}
