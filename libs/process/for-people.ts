/**
 * Whether the message was written for the person who runs the program: one sentence that says what to mend. Classes of such
 * errors say so by a property `isForPeople`, in whatever room they are; any other error is a bug, and shown with its stack.
 */
export function isForPeople(error: Error): boolean {
  return 'isForPeople' in error && error.isForPeople === true;
}
