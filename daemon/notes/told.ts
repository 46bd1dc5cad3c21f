/** The tools for notes as a model is told them, by whatever way it gets them. */
export const CHECKPOINT = {
  name: "checkpoint",
  title: "Keep a note on where you stand",
  description:
    "Keeps a note on where you stand, together with the files as they are now. It outlives you: if your memory of this " +
    "conversation is lost or summed up, you are given the last one back. Keep one when something is settled, before " +
    "something long or risky, and before you end. It changes no file and needs nobody's permission.",
} as const

export const PRIME = {
  name: "prime",
  title: "Read your last note",
  description:
    "Gives the last note that you kept with checkpoint, and how many turns ago that was. Call it when you do not know " +
    "where you stand.",
} as const
