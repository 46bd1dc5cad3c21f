// How much of each, the same for all.
/** Steps of one run, one after the other. */
export const SEQUENTIAL = 200
/** Runs at once, and the steps of each. */
export const MANY = 200
export const STEPS = 5
/** Rounds that count; one more goes before them. */
export const ROUNDS = 3
/** Steps in the middle of their work when something is killed. */
export const IN_FLIGHT = 100
/** Runs at once that none may be refused of. */
export const MOST = 1000
