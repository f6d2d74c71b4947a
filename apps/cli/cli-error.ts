/** Something that the user can mend; shown as this one sentence, without a stack. */
export class CliError extends Error {
  /** See `isForPeople`. */
  readonly isForPeople = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
  }
}
