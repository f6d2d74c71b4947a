/**
 * Announcements: the duty to tell the outside that a job has ended.
 *
 * An announcement is the parent of its job in a BullMQ flow: Redis releases it in the very step in which the job ends,
 * so there is no moment at which a prediction has ended and nobody owes its callback. Its id is a function of the job's,
 * so adding both twice is adding them once.
 */
import type { FlowJob, JobsOptions } from 'bullmq';
import type { Catalogue } from './catalogue.js';
import { JOB_OPTIONS } from './model-queues.js';

export type Announcement =
  /** The rows with a callback of an envelope, or of a retry job, have ended. */
  | { readonly kind: 'envelope'; readonly model: string; readonly envelopeId: string; readonly rows: readonly number[] }
  /** Every row of a batch has ended. */
  | { readonly kind: 'batch'; readonly model: string; readonly batchId: string };

/** Telling is tried until it is done: what hinders it is Redis or a bug, never the receiver. */
export const ANNOUNCEMENT_OPTIONS: JobsOptions = { ...JOB_OPTIONS, attempts: 1_000 };

export function announcementId(jobId: string): string {
  return `${jobId}-a`;
}

/** The queue of a model's announcements, as BullMQ wants it where a job names its parent. */
export function qualifiedAnnouncementQueue(catalogue: Catalogue, model: string): string {
  return `${catalogue.tag(model)}:${catalogue.announcementQueue(model)}`;
}

export interface AnnouncedJob {
  readonly jobId: string;
  readonly queueName: string;
  readonly name: string;
  readonly data: object;
}

/** @returns the flow of a job and its announcement, for `FlowProducer.add` */
export function announced(catalogue: Catalogue, announcement: Announcement, job: AnnouncedJob): FlowJob {
  const { model } = announcement;
  const prefix = catalogue.tag(model);
  return {
    name: job.name,
    queueName: catalogue.announcementQueue(model),
    prefix,
    data: announcement,
    opts: { ...ANNOUNCEMENT_OPTIONS, jobId: announcementId(job.jobId) },
    children: [
      {
        name: job.name,
        queueName: job.queueName,
        prefix,
        data: job.data,
        // A job that fails for good has ended as well.
        opts: { ...JOB_OPTIONS, jobId: job.jobId, ignoreDependencyOnFailure: true },
      },
    ],
  };
}
