import { createContext, useContext } from "react"
import { plainText } from "../-app/hidden-characters.ts"

/** Where the session works: paths inside of it are shown from there. */
export const WorkingDir = createContext<string | null>(null)

export function useShownPath(path: string): string {
  const dir = useContext(WorkingDir)
  const inside = dir !== null && path.startsWith(`${dir}/`)
  return plainText(inside ? path.slice(dir.length + 1) : path)
}
