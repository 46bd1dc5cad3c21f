import { request } from "node:http"
import { request as secureRequest } from "node:https"
import { sentenceOf, streamsLogOf } from "#daemon/stream-server/ensure"
import { troubleOf } from "#daemon/stream-server/setbacks"
import type { Check } from "../checks.ts"
import type { Config } from "../config.ts"
import { homeAt } from "../home.ts"
import { portHolder, takenSentence } from "../port-holder.ts"
import { readPrivate } from "../private-file.ts"
import { readApiRun } from "../run-file.ts"

export async function checkApiPort({ home, host, port }: Config): Promise<Check> {
  const name = "API port"
  if (port === 0) return { name, status: "ok", detail: "any free one" }
  const holder = await portHolder(host, port)
  if (holder === null) return { name, status: "ok", detail: `${port} is free` }
  const run = await readApiRun(homeAt(home).apiRunFile).catch(() => null)
  if (holder.kind === "agentz" && run?.pid === holder.pid)
    return { name, status: "ok", detail: `${port}: agentz is up (pid ${holder.pid})` }
  return { name, status: "fail", ...split(takenSentence(port, holder, "AGENTZ_PORT")) }
}

/** The stream server, ours or the one that was named. */
export async function checkStreams(config: Config): Promise<Check> {
  const name = "stream server"
  const { streamsUrl, streamsPort } = config
  const trouble = streamsUrl === null ? troubleOf(config.home) : null
  if (trouble !== null && trouble.failures > 1)
    return {
      name,
      status: "fail",
      detail: sentenceOf(trouble),
      remedy: `read ${streamsLogOf(config.home)}; it goes on by itself when the reason is gone`,
    }
  if (streamsUrl === null && streamsPort === 0)
    return { name, status: "ok", detail: "on any free port, started when needed" }
  if (streamsUrl === null && (await portHolder("127.0.0.1", streamsPort)) === null)
    return { name, status: "ok", detail: `port ${streamsPort} is free; started when needed` }

  const base = streamsUrl ?? `http://127.0.0.1:${streamsPort}/v1/stream`
  const kept = await readPrivate(homeAt(config.home).streamsTokenFile).catch(() => null)
  const status = await statusOf(`${base}/__registry__`, config.streamsToken ?? kept?.trim() ?? null)
  if (status === 200 || status === 204 || status === 404)
    return { name, status: "ok", detail: `answers at ${base}` }
  if (streamsUrl !== null) return { name, status: "fail", ...awayOrRefused(base, status) }
  const holder = await portHolder("127.0.0.1", streamsPort)
  return { name, status: "fail", ...split(takenSentence(streamsPort, holder, "AGENTZ_STREAMS_PORT")) }
}

const awayOrRefused = (base: string, status: number | null) =>
  status === 401 || status === 403
    ? { detail: `${base} refuses the token`, remedy: "set AGENTZ_STREAMS_TOKEN to that server's token" }
    : {
        detail: `${base} ${status === null ? "does not answer" : `answers ${status}`}`,
        remedy: "check AGENTZ_STREAMS_URL, or unset it for the embedded stream server",
      }

const statusOf = (url: string, token: string | null): Promise<number | null> =>
  new Promise((resolve) => {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
    const open = url.startsWith("https:") ? secureRequest : request
    const call = open(url, { method: "HEAD", headers, agent: false, signal: AbortSignal.timeout(2000) })
    call.once("response", (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? null)
    })
    call.once("error", () => resolve(null))
    call.end()
  })

/** A sentence about a taken port: the fact before its colon, the remedy after it. */
function split(sentence: string): { detail: string; remedy: string } {
  const colon = sentence.indexOf(": ")
  return { detail: sentence.slice(0, colon), remedy: sentence.slice(colon + 2) }
}
