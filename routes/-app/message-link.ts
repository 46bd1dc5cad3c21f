/** Links to one place of a transcript: `/s/ses_…#123`, by the number of its event. */

export const linkTo = (seq: number): string => `${location.origin}${location.pathname}#${seq}`

/** The number that an address ends in, `null` where it names none. */
export const seqOfHash = (hash: string): number | null => (/^\d{1,9}$/.test(hash) ? Number(hash) : null)
