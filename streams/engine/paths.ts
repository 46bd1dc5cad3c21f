/** Under this path lie the streams; what follows is a stream's name. */
export const STREAMS_ROOT = "/v1/stream/"

/** Where many streams are changed at once. */
export const CHANGES_PATH = "/v1/changes"

/** The part of the name space that is the protocol's own. */
export const RESERVED_ROOT = `${STREAMS_ROOT}__ds`

export const isReserved = (path: string): boolean =>
  path === RESERVED_ROOT || path.startsWith(`${RESERVED_ROOT}/`)
