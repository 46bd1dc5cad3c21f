import { execFileSync } from "node:child_process"
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A file system of its own, small enough to fill. */
export interface SmallDisk extends Disposable {
  readonly path: string
}

/** Why no file system can be mounted here, or `null`. */
export const cannotMount: string | null =
  process.platform !== "linux"
    ? "mounting small disks is done on Linux only"
    : process.getuid?.() === 0
      ? null
      : "mounting small disks needs root"

export function memoryDisk(mib: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), "agentz-disk-"))
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m,mode=0700`, "tmpfs", path])
  return mounted(path, path)
}

/** A real file system with a journal, in a file. */
export function imageDisk(mib: number): SmallDisk & { remount(): void } {
  const base = mkdtempSync(join(tmpdir(), "agentz-disk-"))
  const image = join(base, "image")
  const path = join(base, "mount")
  mkdirSync(path)
  writeFileSync(image, "")
  truncateSync(image, mib * 1024 * 1024)
  execFileSync("mkfs.ext4", ["-q", "-F", "-m", "0", image])
  const mount = () => execFileSync("mount", ["-o", "loop", image, path])
  mount()
  return Object.assign(mounted(path, base), {
    remount() {
      execFileSync("umount", [path])
      mount()
    },
  })
}

/** What the kernel does with a file system whose disk has failed: it stays readable, and takes no writes. */
export function breakDisk({ path }: SmallDisk): void {
  execFileSync("mount", ["-o", "remount,abort", path])
}

function mounted(path: string, base: string): SmallDisk {
  return {
    path,
    [Symbol.dispose]() {
      execFileSync("umount", ["-l", path])
      rmSync(base, { recursive: true, force: true })
    },
  }
}

/** Writes until there is no room left. */
export function fillUp(file: string): void {
  for (const bytes of [65_536, 4_096, 1]) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes))
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error
    }
  }
}
