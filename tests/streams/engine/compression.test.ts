import { IncomingMessage } from "node:http"
import { Socket } from "node:net"
import { gunzipSync, inflateSync } from "node:zlib"
import { expect, test } from "vitest"
import { compressed } from "#streams/engine/protocol/compression"

/** A request from an address: from another machine none can come here. */
function requestFrom(address: string, accepts?: string): IncomingMessage {
  const request = new IncomingMessage(
    Object.defineProperty(new Socket(), "remoteAddress", { value: address }),
  )
  if (accepts !== undefined) request.headers["accept-encoding"] = accepts
  return request
}

const body = Buffer.from(
  JSON.stringify(Array.from({ length: 200 }, (_, n) => ({ n, text: "again and again" }))),
)

test("a reader on another machine that takes a smaller answer gets one, and it is the same", async () => {
  const gzip = await compressed(requestFrom("10.1.2.3", "br, gzip;q=0.8"), body)
  expect(gzip?.encoding).toBe("gzip")
  expect(gunzipSync(gzip?.body ?? "").equals(body)).toBe(true)
  expect(gzip?.body.length).toBeLessThan(body.length / 4)
  const deflate = await compressed(requestFrom("fd00::7", "deflate"), body)
  expect(inflateSync(deflate?.body ?? "").equals(body)).toBe(true)
})

test("whoever does not ask, is on this machine or reads little gets it as it is", async () => {
  expect(await compressed(requestFrom("10.1.2.3"), body)).toBeNull()
  expect(await compressed(requestFrom("10.1.2.3", "gzip;q=0, br"), body)).toBeNull()
  expect(await compressed(requestFrom("127.0.0.1", "gzip"), body)).toBeNull()
  expect(await compressed(requestFrom("::ffff:127.0.0.1", "gzip"), body)).toBeNull()
  expect(await compressed(requestFrom("10.1.2.3", "gzip"), body.subarray(0, 500))).toBeNull()
})
