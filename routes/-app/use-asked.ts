import { useEffect, useState } from "react"
import { refusalOf } from "./refusal.ts"

/** What the server answers, asked again while it is away. Another `ask`, by reference, asks anew. */
export function useAsked<Answer>(ask: () => Promise<Answer>): {
  readonly answer: Answer | null
  readonly problem: string | null
} {
  const [answer, setAnswer] = useState<Answer | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const tell = async () => {
      try {
        const found = await ask()
        if (!current) return
        setAnswer(found)
        setProblem(null)
      } catch (error) {
        if (!current) return
        setProblem(refusalOf(error).message)
        timer = setTimeout(tell, 3_000)
      }
    }
    void tell()
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [ask])
  return { answer, problem }
}
