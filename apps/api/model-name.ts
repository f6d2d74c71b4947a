/** What a model, or who owns it, can be called. */
export const MODEL_NAME = /^[a-z][a-z0-9-]{0,62}$/;
export const MODEL_NAME_RULE = 'must be at most 63 lower-case letters, digits and dashes, and begin with a letter';
