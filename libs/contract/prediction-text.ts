/**
 * The JSON text of a prediction that has just been accepted, or that its worker says has succeeded: as nearly every submit
 * is answered.
 *
 * From one to the next of a version little of it differs, and JSON.stringify writes it all anew: of what the API does for a
 * prediction that was 7 % (docs/adr/0014). Here the resource is written once with marks where something differs,
 * cut at them, and put together around what differs. What it looks like is said in `toResource` alone.
 */
import type { Output } from '#domain/model-version';
import type { Prediction, Status } from '#domain/prediction';
import { metricsOf, type Shown, toResource } from './prediction-resource.js';
import { toTimeOrNull } from './time.js';

/** A prediction whose output is JSON that nobody has read. */
export type TextPrediction = Prediction<string>;

/** Whom it is shown to. */
export interface ShownTo {
  /** Of the model. */
  readonly owner: string;
  /** As of `toResource`. */
  readonly baseUrl: string;
  readonly shown: Required<Shown>;
}

/** No text of ours holds this character; in JSON it is an escape. */
const MARK = '\u0001';
/** Marks that stand for a value, and those inside a text. */
const CUT = /"\\u0001(input|output|metrics|created_at|started_at|completed_at)"|\\u0001(id|token)/;

type Values = Readonly<
  Record<'id' | 'token' | 'input' | 'output' | 'metrics' | 'created_at' | 'started_at' | 'completed_at', string>
>;

/** Texts, and between each two of them what differs there. */
interface Template {
  readonly first: string;
  readonly rest: readonly { readonly differing: keyof Values; readonly text: string }[];
}

interface Made {
  readonly from: TextPrediction;
  readonly to: ShownTo;
  readonly template: Template;
}

export class PredictionTexts {
  /**
   * The last of each status and version: callers come by one address, a wait is estimated once a second, and what succeeds
   * does so in its first attempt.
   */
  readonly #last = new Map<Status, Map<string, Made>>();

  /** @returns what `JSON.stringify(toResource(...))` does for it */
  of(prediction: TextPrediction, to: ShownTo): string {
    if (isUncommon(prediction)) return textOf(withOutput(prediction), to);
    return fill(this.#templateOf(prediction, to), valuesOf(prediction, to));
  }

  #templateOf(from: TextPrediction, to: ShownTo): Template {
    const { status } = from.standing;
    const { versionId } = from.submission;
    let ofStatus = this.#last.get(status);
    if (ofStatus === undefined) this.#last.set(status, (ofStatus = new Map<string, Made>()));
    const last = ofStatus.get(versionId);
    if (last !== undefined && isAlike(last, from, to)) return last.template;
    const template = templateOf(from, to);
    ofStatus.set(versionId, { from, to, template });
    return template;
  }
}

/** Reads the output. */
export function withOutput({ submission, standing }: TextPrediction): Prediction {
  const output = standing.output === null ? null : (JSON.parse(standing.output) as Output);
  return { submission, standing: { ...standing, output } };
}

/** Uncommon ones are rare, and are serialised in full. */
function isUncommon({ submission: { metadata, callback, deadlineAtMs }, standing }: TextPrediction): boolean {
  return metadata !== null || callback !== null || deadlineAtMs !== null || standing.failure !== null;
}

/** Everything outside the placeholders is equal. */
function isAlike({ from, to }: Made, prediction: TextPrediction, other: ShownTo): boolean {
  return (
    from.submission.priority === prediction.submission.priority &&
    from.standing.attempts === prediction.standing.attempts &&
    to.baseUrl === other.baseUrl &&
    to.owner === other.owner &&
    to.shown.estimatedWaitS === other.shown.estimatedWaitS &&
    (to.shown.streamToken === null) === (other.shown.streamToken === null)
  );
}

function textOf(prediction: Prediction, { owner, baseUrl, shown }: ShownTo): string {
  return JSON.stringify(toResource(prediction, owner, baseUrl, shown));
}

function templateOf({ submission, standing }: TextPrediction, { owner, baseUrl, shown }: ShownTo): Template {
  const resource = toResource(
    { submission: { ...submission, id: `${MARK}id`, ownId: null }, standing: { ...standing, output: null } },
    owner,
    baseUrl,
    { ...shown, streamToken: shown.streamToken === null ? null : `${MARK}token` },
  );
  const text = JSON.stringify({
    ...resource,
    input: `${MARK}input`,
    output: `${MARK}output`,
    metrics: `${MARK}metrics`,
    created_at: `${MARK}created_at`,
    started_at: `${MARK}started_at`,
    completed_at: `${MARK}completed_at`,
  });
  // Text, one of the two groups, text, ... (a group that took no part is undefined).
  const [first = '', ...parts] = text.split(CUT);
  const rest = Array.from({ length: parts.length / 3 }, (_, i) => {
    const [value, inText, behind = ''] = parts.slice(3 * i, 3 * i + 3);
    return { differing: (value ?? inText) as keyof Values, text: behind };
  });
  return { first, rest };
}

/** Each as JSON; ids, tokens and times hold nothing that JSON would escape. */
function valuesOf({ submission, standing }: TextPrediction, { shown: { streamToken } }: ShownTo): Values {
  const { id, ownId, input, createdAtMs } = submission;
  return {
    id: ownId ?? id,
    token: streamToken ?? '',
    input: JSON.stringify(input),
    output: standing.output ?? 'null',
    metrics: JSON.stringify(metricsOf(standing, createdAtMs)),
    created_at: timeText(createdAtMs),
    started_at: timeText(standing.startedAtMs),
    completed_at: timeText(standing.completedAtMs),
  };
}

function timeText(ms: number | null): string {
  const time = toTimeOrNull(ms);
  return time === null ? 'null' : `"${time}"`;
}

function fill({ first, rest }: Template, values: Values): string {
  let text = first;
  for (const { differing, text: behind } of rest) text += values[differing] + behind;
  return text;
}
