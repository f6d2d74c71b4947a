/** A file as OpenAI shows one. Times are seconds since the epoch, as there. */
import type { StoredFile } from '#domain/stored-file';
import { type ResultFile, resultFileId } from './result-files.js';

export interface FileObject {
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  readonly created_at: number;
  /** Null for results, which are kept as long as their batch. */
  readonly expires_at: number | null;
  readonly filename: string;
  readonly purpose: 'batch' | 'batch_output';
  readonly status: 'processed';
}

export function toFileObject({ id, sizeBytes, createdAtMs, expiresAtMs, name }: StoredFile): FileObject {
  return {
    id,
    object: 'file',
    bytes: sizeBytes,
    created_at: Math.floor(createdAtMs / 1_000),
    expires_at: Math.floor(expiresAtMs / 1_000),
    filename: name,
    purpose: 'batch',
    status: 'processed',
  };
}

export function toResultFileObject({ batchId, kind }: ResultFile, sizeBytes: number, createdAtMs: number): FileObject {
  return {
    id: resultFileId(batchId, kind),
    object: 'file',
    bytes: sizeBytes,
    created_at: Math.floor(createdAtMs / 1_000),
    expires_at: null,
    filename: `${batchId}-${kind}.jsonl`,
    purpose: 'batch_output',
    status: 'processed',
  };
}
