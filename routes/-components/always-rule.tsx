import { useContext } from "react"
import { describeMatch, likeOf } from "#streams/rule"
import type { PermissionRequest } from "#streams/session"
import { plainText } from "../-app/hidden-characters.ts"
import { WorkingDir } from "./working-dir.ts"

/** The rule that “Always” would make of this question. */
export default function AlwaysRule({ request }: { readonly request: PermissionRequest }) {
  const { kind, title, touches } = request
  const workingDir = useContext(WorkingDir)
  if (touches === undefined || workingDir === null) return null
  const match = likeOf({ kind, touches }, { workingDir, shown: title })
  return (
    <p className="text-note text-quiet [overflow-wrap:anywhere]">
      Always: it may {plainText(describeMatch(kind, match))}, in this session or here in this directory.
    </p>
  )
}
