/** What this machine is called where sessions and runs name one. Who is on another one cannot be looked at from here. */
import { hostname } from "node:os"

/** A container has another host name at each start: its user says by which one it is the same machine. */
export const machineName = (): string => process.env.AGENTZ_MACHINE || hostname()
