/** A file that a client has sent to make a batch of. Times are milliseconds since the epoch. */
export interface StoredFile {
  readonly id: string;
  /** The client that owns it; nobody else may see it. */
  readonly client: string;
  /** As its sender calls it. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly pieces: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}
