import { expect, test } from "vitest"
import { placesOf } from "#src/workflows/worker/places"

const limits = { atOnce: 3, ofAgents: new Map([["claude", 2]]) }

test("each place that is taken is one less, for all and for the agent it is taken for", () => {
  const places = placesOf(limits)
  places.take("claude")
  expect(places.room()).toEqual({ places: 2, agents: new Map([["claude", 1]]) })
  places.take(null)
  places.take("demo")
  expect(places.room()).toEqual({ places: 0, agents: new Map([["claude", 1]]) })
  places.give("claude")
  expect(places.room()).toEqual({ places: 1, agents: new Map([["claude", 2]]) })
})

test("whoever waits is woken when a place is given back, the first who came first", () => {
  const places = placesOf(limits)
  const woken: string[] = []
  for (let n = 0; n < 3; n++) places.take(null)
  for (const name of ["one", "two"]) places.wait(() => woken.push(name), true)
  places.give(null)
  expect(woken).toEqual(["one"])
})
