#!/usr/bin/env node
/**
 * Finds a Chromium for the browser tests, or installs one: `CHROMIUM_PATH`, one on PATH, the one that Playwright
 * keeps, then Playwright's own download, then the system's package manager. Prints its path.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { pathToFileURL } from "node:url"
import { chromium } from "@playwright/test"

/**
 * No sandbox, since containers have none; nothing that would go out to the network. Without the two pages of its own that
 * it opens with each window for suggestions in the address bar: they take a second of a processor beside what is tested.
 */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
]

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

/** @returns {string | null} */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH
  if (named) return named
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(existsSync)
  const own = chromium.executablePath()
  return onPath ?? (existsSync(own) ? own : null)
}

function install() {
  const run = (command, ...args) =>
    spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] }).status === 0
  console.error("No Chromium here: installing one for the browser tests.")
  if (run(process.execPath, join("node_modules", "@playwright", "test", "cli.js"), "install", "chromium"))
    return
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"]
  const [command = "apt-get", ...rest] = [...sudo, "apt-get"]
  run(command, ...rest, "update", "-qq") &&
    run(command, ...rest, "install", "-y", "-qq", "chromium", "fonts-liberation")
}

/** A Chromium that starts, or a sentence that says what to do. */
function ensureChromium() {
  if (!findChromium()) install()
  const found = findChromium()
  if (!found) {
    console.error("Chromium could not be installed: install it by hand and set CHROMIUM_PATH to its program.")
    process.exit(1)
  }
  console.log(execFileSync(found, ["--version", "--no-sandbox"], { encoding: "utf8" }).trim())
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) ensureChromium()
