/** The catalogue as it is answered. Written by hand: what is in a manifest is not part of the promise of `/openapi.json`. */

export interface Model {
  readonly owner: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly task: string;
  readonly latest_version: ModelVersionSummary;
}

export interface ModelVersionSummary {
  readonly id: string;
  readonly label: string;
  /** Input and output schema with examples. */
  readonly openapi_schema?: unknown;
  /** The features of its input, each with an `example`. */
  readonly inputs?: readonly ModelFeature[];
  readonly evaluation?: Readonly<Record<string, number>>;
  /** A request that works as it stands, and the answer it gets. */
  readonly example?: { readonly version: string; readonly input: unknown; readonly output: unknown };
}

export interface ModelFeature {
  readonly name: string;
  readonly type: string;
  /** Absent for a scalar. */
  readonly shape?: readonly number[];
  readonly nullable?: boolean;
  readonly unit?: string | null;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly categories?: readonly string[];
  readonly example?: unknown;
}
