/** The one that routes begin with, as lines of predictions name it. */
export const API_VERSION = 'v1';
