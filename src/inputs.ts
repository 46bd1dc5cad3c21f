/** What every door to the control plane takes in the same shape. */
import { z } from "zod"

/** The same key is done once. */
export const Key = z.string().min(1).max(200)
export const Offset = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, "must be an offset that agentz gave out")
export const Directory = z.string().min(1).max(4096)
