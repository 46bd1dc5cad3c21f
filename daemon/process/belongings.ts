/**
 * Which processes are a session's, told from them alone: by the entries of their environment, and by the name of their
 * control group, which is made of the session and the epoch of the daemon that started them. So whoever ends what a dead
 * daemon left running cannot hit what the daemon after it has started meanwhile.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { z } from "zod"
import { filesOf } from "../home.ts"
import { groupNameOf, groupsIn, killGroup, placeIn, removeEmptyGroup, removeGroup } from "./cgroup.ts"
import { killTree, type Tree } from "./tree.ts"

export interface Owner {
  readonly home: string
  readonly sessionId: string
  /** Of the daemon that started it. */
  readonly epoch: number
}

export const markerOf = ({ sessionId, epoch }: Owner): Readonly<Record<string, string>> => ({
  AGENTZ_SESSION: sessionId,
  AGENTZ_EPOCH: String(epoch),
})

/** The group of one daemon in the group of its session. */
export const epochGroup = (epoch: number): string => `epoch-${epoch}`
const epochOf = (group: string | undefined): number => Number(group?.replace("epoch-", ""))

/** All that daemons of this epoch or of one before it have started. `groups`: the session's, as directories. */
export function belongings({ home, sessionId, epoch }: Owner, groups: readonly string[]): Tree {
  const name = groupNameOf(home, sessionId)
  return {
    belongs(one) {
      const place = placeIn(one.controlGroups(), name)
      if (place !== null) return !(epochOf(place[0]) > epoch)
      return one.carries("AGENTZ_SESSION", sessionId) && !(Number(one.variable("AGENTZ_EPOCH")) > epoch)
    },
    killAtOnce() {
      for (const dir of groups)
        for (const group of groupsIn(dir)) if (epochOf(group) <= epoch) killGroup(join(dir, group))
    },
  }
}

/**
 * Removes the groups of this epoch and of those before it, and the session's when nothing is left in them. A later
 * daemon may be making its own meanwhile: an empty group of its is never touched, for what it launches is about to enter.
 */
export function removeGroups(epoch: number, groups: readonly string[]): void {
  for (const dir of groups) {
    for (const group of groupsIn(dir)) if (!(epochOf(group) > epoch)) removeGroup(join(dir, group))
    removeEmptyGroup(dir)
  }
}

/** Where the groups of a session are, for whoever has to find them when its daemon is dead. */
const Note = z.object({ isolation: z.string(), groups: z.array(z.string()).readonly() })
const noteOf = (home: string, sessionId: string) => join(filesOf(home, sessionId).dir, "isolation.json")

export function noteGroups({ home, sessionId }: Owner, note: z.infer<typeof Note>): void {
  writeFileSync(noteOf(home, sessionId), JSON.stringify(note), { mode: 0o600 })
}

/** Only a group that bears the session's own name is believed, whoever wrote the note. */
function notedGroups(home: string, sessionId: string): readonly string[] {
  try {
    const { groups } = Note.parse(JSON.parse(readFileSync(noteOf(home, sessionId), "utf8")))
    return groups.filter((dir) => basename(dir) === groupNameOf(home, sessionId))
  } catch {
    return [] // Nothing was launched in a group; what carries the marker is found in any case.
  }
}

/** Ends whatever the daemon of that epoch, or one before it, left running when it died. */
export async function endLeftovers(owner: Owner, graceMs: number): Promise<void> {
  const groups = notedGroups(owner.home, owner.sessionId)
  await killTree({ ...belongings(owner, groups), graceMs })
  removeGroups(owner.epoch, groups)
}
