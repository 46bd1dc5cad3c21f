/**
 * Names of files as git prints them with `-z`. A name is bytes and need not be text, so each is held as a string of
 * one character per byte, and is read as text only to be shown.
 */
import { join } from "node:path"

export const pathsIn = (listed: Buffer): string[] => listed.toString("latin1").split("\0").filter(Boolean)

/** What a command reads with `-z --stdin`. */
export const listOf = (paths: readonly string[]): Buffer =>
  Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1")

/** Fit to be shown. What is not text in it is shown as `\ufffd`. */
export const shown = (path: string): string => Buffer.from(path, "latin1").toString("utf8")

/** From what was typed to what git prints. */
export const typed = (path: string): string => Buffer.from(path, "utf8").toString("latin1")

/** Where the file is. */
export const fileAt = (root: string, path: string): Buffer => Buffer.from(join(typed(root), path), "latin1")
