/**
 * The JSON text of a prediction that has just been accepted, as nearly every submit is answered.
 *
 * From one to the next of a version little of it differs, and JSON.stringify writes it all anew: of what the API does for a
 * prediction that was 7 % (docs/adr/0014). Here the resource is written once with marks where something differs,
 * cut at them, and put together around what differs. What it looks like is said in `toResource` alone.
 */
import { NOT_STARTED, type Submission } from '#domain/prediction';
import { type Shown, toResource } from './prediction-resource.js';
import { toTime } from './time.js';

/** No text of ours holds this character; in JSON it is an escape. */
const MARK = '\u0001';
const CUT = /"\\u0001(input|createdAt)"|\\u0001(id|token)/;

type Differing = 'id' | 'token' | 'input' | 'createdAt';

/** Texts, and between each two of them what differs there. */
interface Template {
  readonly first: string;
  readonly rest: readonly { readonly differing: Differing; readonly text: string }[];
}

export interface AcceptedFor {
  readonly owner: string;
  /** As of `toResource`. */
  readonly baseUrl: string;
  readonly shown: Required<Shown>;
}

export class AcceptedTexts {
  /** The last of each version: callers come by one address, and a wait is estimated once a second. */
  readonly #last = new Map<
    string,
    { readonly made: AcceptedFor & Pick<Submission, 'priority'>; readonly template: Template }
  >();

  /** @returns what `JSON.stringify(toResource(...))` does for it */
  of(submission: Submission, given: AcceptedFor): string {
    if (isUncommon(submission)) return textOf(submission, given);
    return fill(this.#templateOf(submission, given), submission, given.shown.streamToken);
  }

  #templateOf(submission: Submission, given: AcceptedFor): Template {
    const { versionId, priority } = submission;
    const last = this.#last.get(versionId);
    if (last !== undefined && last.made.priority === priority && isAlike(last.made, given)) return last.template;
    const template = templateOf(submission, given);
    this.#last.set(versionId, { made: { ...given, priority }, template });
    return template;
  }
}

/** Such have a text of their own. */
function isUncommon({ metadata, callback, deadlineAtMs }: Submission): boolean {
  return metadata !== null || callback !== null || deadlineAtMs !== null;
}

function isAlike(a: AcceptedFor, b: AcceptedFor): boolean {
  return (
    a.baseUrl === b.baseUrl &&
    a.owner === b.owner &&
    a.shown.estimatedWaitS === b.shown.estimatedWaitS &&
    (a.shown.streamToken === null) === (b.shown.streamToken === null)
  );
}

function textOf(submission: Submission, { owner, baseUrl, shown }: AcceptedFor): string {
  return JSON.stringify(toResource({ submission, standing: NOT_STARTED }, owner, baseUrl, shown));
}

function templateOf(submission: Submission, { owner, baseUrl, shown }: AcceptedFor): Template {
  const marked = toResource(
    { submission: { ...submission, id: `${MARK}id`, ownId: null }, standing: NOT_STARTED },
    owner,
    baseUrl,
    { ...shown, streamToken: shown.streamToken === null ? null : `${MARK}token` },
  );
  const text = JSON.stringify({ ...marked, input: `${MARK}input`, created_at: `${MARK}createdAt` });
  // Text, one of the two groups, text, ... (a group that took no part is undefined).
  const [first = '', ...parts] = text.split(CUT);
  const rest = Array.from({ length: parts.length / 3 }, (_, i) => {
    const [value, inText, behind = ''] = parts.slice(3 * i, 3 * i + 3);
    return { differing: (value ?? inText) as Differing, text: behind };
  });
  return { first, rest };
}

function fill({ first, rest }: Template, { id, ownId, input, createdAtMs }: Submission, token: string | null): string {
  // Ids and tokens hold nothing that JSON would escape.
  const values: Record<Differing, string> = {
    id: ownId ?? id,
    token: token ?? '',
    input: JSON.stringify(input),
    createdAt: `"${toTime(createdAtMs)}"`,
  };
  let text = first;
  for (const { differing, text: behind } of rest) text += values[differing] + behind;
  return text;
}
