import { type Answer, StreamClient } from "./streams-client.ts"

/** Races of two kinds of request on one stream, on any server of the protocol. */

interface RaceReport {
  readonly rounds: number
  readonly faults: number
}

export type Race = (url: string, rounds: number) => Promise<RaceReport>

const json = { "content-type": "application/json" }
const APPENDS = 10
/** Faults after which a race is over. */
const ENOUGH = 5
const SILENCE_MS = 3_000

function append(client: StreamClient, name: string, n: number): Promise<Answer> {
  return client.call("POST", name, { headers: json, body: JSON.stringify(n) })
}

/** A round is faulty when it says so, or when a request in it is never answered. */
async function race(
  url: string,
  rounds: number,
  isRight: (client: StreamClient, round: number) => Promise<boolean>,
): Promise<RaceReport> {
  using client = new StreamClient(url, SILENCE_MS)
  let faults = 0
  let round = 0
  for (; round < rounds && faults < ENOUGH; round++) {
    if (!(await isRight(client, round).catch(() => false))) faults++
  }
  return { rounds: round, faults }
}

/** After an acknowledged close the stream is closed, takes nothing more, and has what was acknowledged. */
export const raceCloses: Race = (url, rounds) =>
  race(url, rounds, async (client, round) => {
    const name = `close-${round}`
    await client.create(name, json)
    const appends = Promise.all(Array.from({ length: APPENDS }, (_, n) => append(client, name, n)))
    const close = client.call("POST", name, { headers: { ...json, "stream-closed": "true" } })
    const [answers, { status }] = await Promise.all([appends, close])
    const head = await client.call("HEAD", name)
    const late = await append(client, name, APPENDS)
    const taken = answers.flatMap((answer, n) => (answer.status < 300 ? [n] : []))
    const isClosed = status < 300 && head.headers["stream-closed"] === "true" && late.status === 409
    return isClosed && sorted(await client.messages(name)).join() === taken.join()
  })

/** After an acknowledged delete the stream is not there, and its successor shows nothing of it. */
export const raceDeletes: Race = (url, rounds) =>
  race(url, rounds, async (client, round) => {
    const name = `delete-${round}`
    await client.create(name, json)
    const appends = Promise.all(Array.from({ length: APPENDS }, (_, n) => append(client, name, n)))
    const [, gone] = await Promise.all([appends, client.call("DELETE", name)])
    const head = await client.call("HEAD", name)
    const again = await client.create(name, json)
    const isGone = gone.status === 204 && head.status === 404 && again.status === 201
    return isGone && (await client.messages(name)).length === 0
  })

/** A fork is exactly a beginning of its source, with all that was acknowledged before it, and stays so. */
export const raceForks: Race = (url, rounds) =>
  race(url, rounds, async (client, round) => {
    const [source, fork] = [`source-${round}`, `fork-${round}`]
    await client.create(source, json)
    for (let n = 0; n < 3; n++) await append(client, source, n)
    const appends = Promise.all(Array.from({ length: APPENDS }, (_, n) => append(client, source, 3 + n)))
    const from = { ...json, "stream-forked-from": `${new URL(url).pathname}/${source}` }
    const [answers, created] = await Promise.all([appends, client.create(fork, from)])
    if (created.status !== 201 || answers.some(({ status }) => status >= 300)) return false
    const whole = await client.messages(source)
    await client.call("DELETE", source)
    const stored = await client.messages(fork)
    return stored.length >= 3 && stored.join() === whole.slice(0, stored.length).join()
  })

const sorted = (numbers: readonly unknown[]): number[] => numbers.map(Number).sort((a, b) => a - b)
