/** What a prediction or a batch carries, so that it can be followed from process to process. */
export interface Trace {
  /** The `X-Request-ID` of its submit. */
  readonly requestId: string;
  /** W3C Trace Context, where its caller, or the API itself, takes part in a trace. */
  readonly traceparent?: string;
}
