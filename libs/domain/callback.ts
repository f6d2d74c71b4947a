/** What a client wants to be told of a prediction or a batch, and how it is shown when that happens. */

export const EVENT_KINDS = ['start', 'output', 'completed'] as const;
/** `start`: it runs. `output`: it has an output. `completed`: it has ended, however. */
export type EventKind = (typeof EVENT_KINDS)[number];

export interface Callback {
  /** Where to deliver; null for a client that reads its events itself. */
  readonly url: string | null;
  readonly events: readonly EventKind[];
  /** Owner of the model and address of the API at acceptance: the message shows what `GET` showed then. */
  readonly owner: string;
  readonly baseUrl: string;
}

/** Fixed for an event, however often it is made or sent; without a dot, as Standard Webhooks asks. */
export function eventId(subjectId: string, kind: EventKind): string {
  return `${subjectId}-${kind}`;
}
