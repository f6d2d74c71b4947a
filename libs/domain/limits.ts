/** Bounds on which several parts rely together. */

export const DAY_MS = 24 * 3_600_000;

/** No prediction or batch has longer until it ends: neither by its deadline nor by its completion window. */
export const LONGEST_LIFE_MS = 7 * DAY_MS;

/** Texts of a client's own, which come back with its prediction or batch; lengths in characters. */
export const METADATA_LIMITS = { texts: 16, nameLength: 64, textLength: 512 } as const;
