/**
 * Every name that Millrace gives to something in Redis.
 *
 * All keys that one script or flow touches share the hash tag `{<prefix>:<model>}`, so that a Redis Cluster keeps them
 * on one node and spreads models over its nodes.
 */
import { hash } from 'node:crypto';
import { formatBatchId } from '#domain/batch';
import { type QueueKind, queueKindOf } from '#domain/prediction-id';

/** Characters of a prediction's id that stand for its model. */
const MODEL_CODE_LENGTH = 4;

export class Catalogue {
  /** @param prefix keeps two fleets on one Redis apart; `millrace` unless configured */
  constructor(readonly prefix: string) {}

  /** BullMQ's `prefix` for a model's queues. */
  tag(model: string): string {
    return `{${this.prefix}:${model}}`;
  }

  /** Envelopes; the bulk queue has slots of its own, so that it never holds up an interactive prediction. */
  queue(model: string, kind: QueueKind = 'i'): string {
    return kind === 'b' ? `${model}-bulk` : model;
  }

  /** Duties to tell the outside that an envelope or a batch has ended. */
  announcementQueue(model: string): string {
    return `${model}-announcements`;
  }

  /** Predictions that run again, alone: a queue of their own, so that they never hold an interactive slot. */
  retryQueue(model: string): string {
    return `${model}-retry`;
  }

  envelopeKey(model: string, envelopeId: string): string {
    return `${this.tag(model)}:${this.queue(model, queueKindOf(envelopeId))}:${envelopeId}`;
  }

  retryKey(model: string, envelopeId: string, row: number): string {
    return `${this.tag(model)}:${this.retryQueue(model)}:${retryJobId(envelopeId, row)}`;
  }

  /** The record of a batch. */
  batchKey(model: string, batchId: string): string {
    return `${this.tag(model)}:batch:${batchId}`;
  }

  /** What each envelope of a batch was made of; kept as long as the batch. */
  batchDigestsKey(model: string, batchId: string): string {
    return `${this.batchKey(model, batchId)}:digests`;
  }

  /** The model's batches, by the time at which they were made. */
  batchesKey(model: string): string {
    return `${this.tag(model)}:batches`;
  }

  /** A client's batches of all models, by time. */
  clientBatchesKey(client: string): string {
    return `${this.prefix}:client-batches:${fingerprint(client)}`;
  }

  /** The record of a file. */
  fileKey(id: string): string {
    return `${this.prefix}:file:${id}`;
  }

  filePiecesKey(id: string): string {
    return `${this.fileKey(id)}:pieces`;
  }

  /** A client's files, by the time at which they expire. */
  clientFilesKey(client: string): string {
    return `${this.prefix}:client-files:${fingerprint(client)}`;
  }

  /** A client's batches that were made of files, by time. */
  clientFileBatchesKey(client: string): string {
    return `${this.prefix}:client-file-batches:${fingerprint(client)}`;
  }

  /** A batch that failed before its first row. */
  refusedBatchKey(id: string): string {
    return `${this.prefix}:refused-batch:${id}`;
  }

  /** A client's envelopes of all models, by time. */
  clientIndexKey(client: string): string {
    return `${this.prefix}:client-predictions:${fingerprint(client)}`;
  }

  /** Holds the gates of batches that still arrive; no worker takes them. */
  gateQueue(model: string): string {
    return `${model}-gates`;
  }

  /** Predictions with a deadline, by its time, for the janitor. */
  deadlinesKey(model: string): string {
    return `${this.tag(model)}:deadlines`;
  }

  /** BullMQ's `prefix` for the courier's queue; everything that the courier's scripts touch lies on one node. */
  courierTag(): string {
    return `{${this.prefix}:courier}`;
  }

  courierKey(...parts: readonly string[]): string {
    return `${this.courierTag()}:${parts.join(':')}`;
  }

  /** Notices that predictions have begun to run, under the courier's tag. */
  startsQueue(): string {
    return 'starts';
  }

  /** What a worker that held the job under `token` wrote; the job's value says which token is the truth. */
  outcomesKey(model: string, jobId: string, token: string): string {
    return `${this.outcomesPrefix(model)}${jobId}:${token}`;
  }

  outcomesPrefix(model: string): string {
    return `${this.tag(model)}:outcomes:`;
  }

  /** The channel on which workers hear of marks while they hold the envelope. */
  marksChannel(model: string): string {
    return `${this.tag(model)}:marks`;
  }

  /** The channel of one job, for whoever waits for somebody else's envelope; of a batch, under its id. */
  jobChannel(model: string, jobId: string): string {
    return `${this.tag(model)}:told:${jobId}`;
  }

  /** The channel of one API process. */
  originChannel(processId: string): string {
    return `${this.prefix}:origin:${processId}`;
  }

  reservationKey(client: string, key: string): string {
    return `${this.prefix}:reservation:${fingerprint(`${client}\0${key}`)}`;
  }

  /** Predictions with ids of their clients' own, by the time at which their reservations have to be looked at. */
  ownIdsKey(model: string): string {
    return `${this.tag(model)}:own-ids`;
  }

  /** API keys by id; these names share a tag, since one script changes them together. */
  keysKey(): string {
    return `{${this.prefix}:access}:keys`;
  }

  keysVersionKey(): string {
    return `{${this.prefix}:access}:keys-version`;
  }

  keysUsedKey(): string {
    return `{${this.prefix}:access}:keys-used`;
  }

  janitorKey(): string {
    return `${this.prefix}:janitor`;
  }

  modelsKey(): string {
    return `${this.prefix}:models`;
  }

  /** Models that are paused or drained, each with since when and by whom. */
  modelSwitchesKey(): string {
    return `${this.prefix}:model-switches`;
  }

  workersKey(): string {
    return `${this.prefix}:workers`;
  }

  workerKey(workerId: string): string {
    return `${this.prefix}:worker:${workerId}`;
  }
}

/** The batch that an envelope of the bulk queue is a part of, if it is one of a batch. */
export function batchIdOfEnvelope(model: string, envelopeId: string): string {
  return formatBatchId(modelCode(model), envelopeId);
}

/** The channel of the job that has this key: see `jobChannel`. */
export function channelOfJob(jobKey: string): string {
  const tag = jobKey.slice(0, jobKey.indexOf('}') + 1);
  return `${tag}:told:${jobKey.slice(jobKey.lastIndexOf(':') + 1)}`;
}

/** A pure function of the prediction, so that adding it twice is adding it once. */
export function retryJobId(envelopeId: string, row: number): string {
  return `${envelopeId}-${row}-r`;
}

/** Every id that is given out has one. A process meets few models. */
const codes = new Map<string, string>();

/** Four base-32 characters; `assertDistinctCodes` makes sure that no two served models share one. */
export function modelCode(model: string): string {
  const known = codes.get(model);
  if (known !== undefined) return known;
  const digits = BigInt(`0x${fingerprint(model).slice(0, 16)}`).toString(32);
  const code = digits.slice(-MODEL_CODE_LENGTH).padStart(MODEL_CODE_LENGTH, '0');
  codes.set(model, code);
  return code;
}

/** @throws Error that names two models which the same ids would stand for */
export function assertDistinctCodes(models: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const model of models) {
    const other = seen.get(modelCode(model));
    if (other !== undefined) throw new Error(`Models ${other} and ${model} share an id prefix: rename one of them.`);
    seen.set(modelCode(model), model);
  }
}

function fingerprint(text: string): string {
  return hash('sha256', text);
}
