/** What the executors of this folder do not survive, never finish, or never begin: values of an iris's `sepal_length`. */

/** `poison-executor` dies of it, as by a fault in native code. */
export const POISON = 6.66;

/** `endless-executor` runs it for ever, or until the file that the input names as `release` exists. */
export const ENDLESS = 7.77;

/** `deaf-executor` hangs while it reads it, and never begins it. */
export const UNREADABLE = 8.88;
