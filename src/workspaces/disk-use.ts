/** What a directory takes on the disk. */
import { lstat, readdir } from "node:fs/promises"
import { join } from "node:path"

const BLOCK = 512
/** So many folders are read at once. */
const AT_ONCE = 16

/** Of a file with several names only one counts. What goes meanwhile, or may not be read, counts as nothing. */
export async function diskUse(directory: string): Promise<number> {
  const counted = new Set<string>()
  const folders = [directory]
  let bytes = 0
  const take = async (path: string): Promise<void> => {
    const stat = await lstat(path).catch(() => null)
    if (stat === null) return
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const name = `${stat.dev} ${stat.ino}`
      if (counted.has(name)) return
      counted.add(name)
    }
    bytes += stat.blocks * BLOCK
    if (stat.isDirectory()) folders.push(path)
  }
  while (folders.length > 0) {
    const some = folders.splice(0, AT_ONCE)
    await Promise.all(
      some.map(async (folder) => {
        for (const name of await readdir(folder).catch(() => [])) await take(join(folder, name))
      }),
    )
  }
  return bytes
}
