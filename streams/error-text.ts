/** What was thrown, in its own words: whoever throws need not throw an error. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
