/** Files of a directory for the letters that are being typed, asked of the server. */
import { useEffect, useState } from "react"
import type { SessionId } from "#streams/ids"
import { openApi } from "./api.ts"

/** The directory of a session, or one that a session is to be started in. */
export type FilesOf = { readonly sessionId: SessionId } | { readonly workingDir: string }

const PAUSE_MS = 80
const NONE: readonly string[] = []

/** The newest answer; nothing while no file is named, and where the server has none to give. */
export function useFiles(where: FilesOf | null, letters: string | null): readonly string[] {
  const [files, setFiles] = useState(NONE)
  const place = where && JSON.stringify(where)
  useEffect(() => {
    if (place === null || letters === null) return
    const leave = new AbortController()
    const ask = async () => {
      try {
        const input = { ...(JSON.parse(place) as FilesOf), query: letters, limit: 8 }
        setFiles((await openApi(location.origin).files(input, leave.signal)).files)
      } catch {
        // A directory that cannot be read, or a server that is away, is told of where something is sent.
        if (!leave.signal.aborted) setFiles(NONE)
      }
    }
    const timer = setTimeout(() => void ask(), PAUSE_MS)
    return () => {
      clearTimeout(timer)
      leave.abort()
    }
  }, [place, letters])
  return letters === null ? NONE : files
}
