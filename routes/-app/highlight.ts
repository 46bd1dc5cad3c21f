/** Code with its colours, asked of a worker that starts with the first question. */
import { useEffect, useState } from "react"

/** A piece of text and what kind of token it is, `""` for none. */
export type ColourRun = readonly [text: string, kind: string]
export type Coloured = readonly (readonly ColourRun[])[]

// Past this, colours take longer than reading does.
const LONGEST = 80_000
const MOST_KEPT = 200

const kept = new Map<string, Coloured>()
const waiting = new Map<number, (coloured: Coloured | null) => void>()
let worker: Worker | null = null
let nextId = 1

function ask(code: string, name: string): Promise<Coloured | null> {
  if (!worker) {
    worker = new Worker(new URL("./highlight-worker.ts", import.meta.url), {
      type: "module",
      name: "colours",
    })
    worker.addEventListener(
      "message",
      ({ data }: MessageEvent<{ id: number; coloured: Coloured | null }>) => {
        waiting.get(data.id)?.(data.coloured)
        waiting.delete(data.id)
      },
    )
    worker.addEventListener("error", () => {
      for (const answer of waiting.values()) answer(null)
      waiting.clear()
      worker = null
    })
  }
  const id = nextId++
  worker.postMessage({ id, code, name })
  return new Promise((resolve) => waiting.set(id, resolve))
}

/** `null` until the colours are there, and where there are none. `ready`: the code is whole. */
export function useColoured(code: string, language: string, ready: boolean): Coloured | null {
  const key = `${language}\n${code}`
  const [coloured, setColoured] = useState<{ readonly key: string; readonly value: Coloured } | null>(null)
  useEffect(() => {
    if (!ready || language === "" || code.length > LONGEST || kept.has(key)) return
    let current = true
    void ask(code, language).then((value) => {
      if (!value) return
      kept.set(key, value)
      for (const old of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(old)
      if (current) setColoured({ key, value })
    })
    return () => {
      current = false
    }
  }, [key, code, language, ready])
  return (coloured?.key === key ? coloured.value : kept.get(key)) ?? null
}
