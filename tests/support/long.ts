/** Tests that have a short form, which is run always, and a long one. */
import { test } from "vitest"

export const LONG = process.env.AGENTZ_TEST_LONG === "1"

/** In their short form they mostly wait, which they may do at the same time. */
export const timed = LONG ? test : test.concurrent
