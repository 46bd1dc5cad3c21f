import { useState } from "react"
import { errorText } from "#streams/error-text"
import { type Attached, attachFile, MOST_FILES } from "./attach.ts"
import { toast } from "./toast.ts"

/** Files of the message that is being written. They are uploaded at once, so that sending it takes no time. */
export function useAttached() {
  const [attached, setAttached] = useState<readonly Attached[]>([])
  const [busy, setBusy] = useState(0)
  const add = async (list: FileList) => {
    const chosen = [...list].slice(0, MOST_FILES - attached.length)
    setBusy((count) => count + chosen.length)
    for (const file of chosen) {
      try {
        const one = await attachFile(file)
        setAttached((before) => [...before, one])
      } catch (error) {
        toast(errorText(error))
      }
      setBusy((count) => count - 1)
    }
  }
  return {
    attached,
    busy,
    add,
    remove: (uploadId: string) =>
      setAttached((before) => before.filter((each) => each.uploadId !== uploadId)),
    clear: () => setAttached([]),
  }
}
