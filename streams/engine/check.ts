import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs"
import { Finding } from "./finding.ts"
import { freeRuns } from "./free-list.ts"

/**
 * How much of a store's file is read: its two header pages and the roots; or all trees, but of the messages only
 * the branches, a hundredth of the file; or everything.
 */
export type CheckDepth = "headers" | "branches" | "whole"

/**
 * Reads a store's file without the native library, which a damaged file would crash. Knows pages of 4 KiB,
 * little-endian, file version 2. Returns what is wrong, or `null`. The list of free pages is read with the trees: the
 * library writes to any page that it names.
 */
export function checkStoreFile(file: string, depth: CheckDepth | boolean): string | null {
  if (!existsSync(file)) return null
  const fd = openSync(file, "r")
  try {
    new StoreFile(fd).check(depth === true ? "whole" : depth || "headers")
    return null
  } catch (error) {
    if (error instanceof Finding) return error.message
    if (error instanceof RangeError) return "a page points outside itself"
    throw error
  } finally {
    closeSync(fd)
  }
}

/** The number of the last transaction in a store's file; `null` when its headers do not tell. */
export function lastTransaction(file: string): number | null {
  const fd = openSync(file, "r")
  try {
    return new StoreFile(fd).transaction()
  } catch (error) {
    if (error instanceof Finding) return null
    throw error
  } finally {
    closeSync(fd)
  }
}

const PAGE = 4096
const HEADER = 24
/** What stands for a value that has pages of its own: the first one, its transaction, how many. */
const BIG = 24
const MOST_LOOKS = 1_000
const NO_ROOT = 0xffff_ffff_ffff_ffffn
const [BRANCH, LEAF, OVERFLOW, META] = [1, 2, 4, 8]
/** Keys that are numbers, and an environment that is one file. */
const FREE_LIST_FLAGS = 0x4008
const [NODE_BIG, NODE_SUBTREE, NODE_KNOWN] = [1, 2, 7]

interface Tree {
  readonly pageSize: number
  readonly flags: number
  readonly depth: number
  readonly entries: number
  readonly root: number | null
}

interface Header {
  readonly free: Tree
  readonly main: Tree
  readonly last: number
  readonly transaction: number
}

class StoreFile {
  readonly #fd: number
  #size: number
  #last = 0
  #transaction = 0
  /** One bit per page: whether a tree has it, or the list of free pages. */
  #seen = new Uint8Array()
  #messageLeaves = true

  constructor(fd: number) {
    this.#fd = fd
    this.#size = fstatSync(fd).size
  }

  transaction(): number {
    return this.#size === 0 ? 0 : this.#newest().transaction
  }

  check(depth: CheckDepth): void {
    if (this.#size === 0) return
    const newest = this.#newest()
    // A file that is served may have grown since: it is looked at again after what tells how far it goes.
    this.#size = fstatSync(this.#fd).size
    // Nothing bounds the numbers of pages if this does not: there is always room behind the last one.
    if ((newest.last + 1) * PAGE > this.#size) throw new Finding("the file is cut short")
    this.#last = newest.last
    this.#transaction = newest.transaction
    this.#seen = new Uint8Array((newest.last >> 3) + 1)
    this.#messageLeaves = depth === "whole"
    for (const tree of [newest.main, newest.free]) {
      if (tree.root === null) continue
      if (depth === "headers") this.#page(tree.root)
      else if (this.#walk(tree.root, tree.depth, tree === newest.free) !== tree.entries) {
        throw new Finding("a tree does not hold as many entries as it says")
      }
    }
  }

  #newest(): Header {
    if (this.#size < 2 * PAGE) throw new Finding("the file is shorter than its two header pages")
    const pages = this.#headerPages()
    const [a, b] = [this.#header(0, pages), this.#header(1, pages)]
    if (Math.abs(a.transaction - b.transaction) > 1) throw new Finding("the header pages are not neighbours")
    return a.transaction > b.transaction ? a : b
  }

  /** Both as they are at one moment: a server that goes on writing may change them between two looks. */
  #headerPages(): Buffer {
    let now = this.#read(0, 2 * PAGE)
    for (let look = 0; look < MOST_LOOKS; look++) {
      const before = now
      now = this.#read(0, 2 * PAGE)
      if (now.equals(before)) break
    }
    return now
  }

  #header(index: number, pages: Buffer): Header {
    const page = pages.subarray(index * PAGE, (index + 1) * PAGE)
    const wrong = (what: string) => new Finding(`header page ${index} has a wrong ${what}`)
    if (page.readUInt16LE(18) !== META || page.readUInt32LE(24) !== 0xbeefc0de) throw wrong("signature")
    if ((page.readUInt32LE(28) & 0xffff) !== 2) throw wrong("file version")
    const header: Header = {
      free: tree(page, 48),
      main: tree(page, 96),
      last: number(page, 144),
      transaction: number(page, 152),
    }
    if (number(page, 32) !== 0) throw wrong("address")
    if (header.free.pageSize !== PAGE) throw wrong("page size")
    if (header.free.flags !== FREE_LIST_FLAGS || header.main.flags !== 0) throw wrong("kind of tree")
    for (const { root, depth } of [header.free, header.main]) {
      if ((root !== null && (root < 2 || root > header.last)) || depth > 32) throw wrong("tree")
    }
    return header
  }

  #page(index: number): Buffer {
    return this.#read(index * PAGE, PAGE)
  }

  #read(at: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size)
    if (readSync(this.#fd, bytes, 0, size, at) < size) throw new Finding("the file is cut short")
    return bytes
  }

  /** A page of a tree, its header checked. */
  #node(index: number, kind: number) {
    this.#claim(index, 1)
    const page = this.#page(index)
    const bad = (what: string) => new Finding(`page ${index}: ${what}`)
    if (number(page, 0) !== index) throw bad("is not where it belongs")
    // The library writes to a page that seems to be of its own transaction without copying it.
    if (number(page, 8) > this.#transaction) throw bad("is of a transaction that was not yet")
    if (page.readUInt16LE(18) !== kind) throw bad("is of the wrong kind")
    const [lower, upper] = [page.readUInt16LE(20), page.readUInt16LE(22)]
    if (lower === 0 || lower > upper || upper > PAGE - HEADER || lower & 1) throw bad("has wrong bounds")
    return { page, lower, upper, bad }
  }

  /** Checks the tree under a page and returns how many entries it holds. */
  #walk(index: number, levels: number, free: boolean): number {
    const kind = levels > 1 ? BRANCH : LEAF
    const { page, lower, upper, bad } = this.#node(index, kind)
    let entries = 0
    let filled = 0
    let previous: Buffer | null = null
    for (let slot = 0; slot < lower >> 1; slot++) {
      const at = HEADER + page.readUInt16LE(HEADER + 2 * slot)
      if (at < HEADER + upper || at + 8 > PAGE) throw bad("has an entry outside itself")
      const low = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 65_536
      const flags = page.readUInt16LE(at + 4)
      const keyEnd = at + 8 + page.readUInt16LE(at + 6)
      if (keyEnd > PAGE) throw bad("has a key outside itself")
      const key = page.subarray(at + 8, keyEnd)
      // The first key of a branch is not used.
      const ordered = kind === LEAF ? slot > 0 : slot > 1
      const compare = free ? compareNumbers : Buffer.compare
      if (ordered && previous && compare(previous, key) >= 0) throw bad("has keys out of order")
      previous = key
      if (kind === BRANCH) {
        filled += even(keyEnd - at)
        entries += this.#walk(low + flags * 2 ** 32, levels - 1, free)
        continue
      }
      entries++
      if (flags & ~NODE_KNOWN) throw bad("has an unknown entry")
      const valueEnd = keyEnd + (flags & NODE_BIG ? BIG : low)
      if (valueEnd > PAGE) throw bad("has a value outside itself")
      filled += even(valueEnd - at)
      if (flags & NODE_SUBTREE) this.#subtree(tree(page, keyEnd), isMessages(key))
      else if (flags & NODE_BIG) this.#big(number(page, keyEnd), number(page, keyEnd + 16), low)
      if (!free) continue
      if (key.length !== 8 || number(key, 0) > this.#transaction) throw bad("frees pages for no transaction")
      this.#free(
        flags & NODE_BIG
          ? this.#read(number(page, keyEnd) * PAGE + HEADER, low)
          : page.subarray(keyEnd, valueEnd),
      )
    }
    // Entries lie side by side: if they do not, one of them is not what was written.
    if (filled !== PAGE - HEADER - upper) throw bad("has entries that are not side by side")
    return entries
  }

  #free(record: Buffer): void {
    for (const [page, count] of freeRuns(record)) {
      this.#within(page, count)
      if (!this.#mark(page, count)) throw new Finding(`page ${page}: is free, and used or free again`)
    }
  }

  #subtree({ root, flags, depth, entries }: Tree, messages: boolean): void {
    if (flags !== 0) throw new Finding("a table is of a kind that we do not make")
    if (root === null) return
    if (messages && !this.#messageLeaves) {
      this.#branches(root, depth)
      return
    }
    if (this.#walk(root, depth, false) !== entries) throw new Finding("a table does not hold what it says")
  }

  /** Checks the branches under a page, and only that their leaves can be where they say. */
  #branches(index: number, levels: number): void {
    if (levels > 1) for (const child of this.#childrenOf(index)) this.#branches(child, levels - 1)
    else this.#claim(index, 1)
  }

  #childrenOf(index: number): number[] {
    const { page, lower, upper, bad } = this.#node(index, BRANCH)
    return Array.from({ length: lower >> 1 }, (_, slot) => {
      const at = HEADER + page.readUInt16LE(HEADER + 2 * slot)
      if (at < HEADER + upper || at + 8 > PAGE) throw bad("has an entry outside itself")
      return page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 65_536 + page.readUInt16LE(at + 4) * 2 ** 32
    })
  }

  #big(index: number, count: number, size: number): void {
    const page = this.#page(index)
    if (number(page, 0) !== index || page.readUInt16LE(18) !== OVERFLOW)
      throw new Finding(`page ${index}: is no value`)
    if (count < 1 || page.readUInt32LE(20) !== count || size > count * PAGE - HEADER)
      throw new Finding(`page ${index}: has a wrong length`)
    this.#claim(index, count)
  }

  #claim(index: number, count: number): void {
    this.#within(index, count)
    if ((index + count) * PAGE > this.#size) throw new Finding("the file is cut short")
    if (!this.#mark(index, count)) throw new Finding(`page ${index}: is used twice`)
  }

  #within(index: number, count: number): void {
    if (index < 2 || index + count - 1 > this.#last) throw new Finding(`page ${index}: does not exist`)
  }

  /** False when one of the pages is marked already. */
  #mark(index: number, count: number): boolean {
    for (let page = index; page < index + count; page++) {
      const [byte, bit] = [page >> 3, 1 << (page & 7)]
      const seen = this.#seen[byte] ?? 0
      if (seen & bit) return false
      this.#seen[byte] = seen | bit
    }
    return true
  }
}

/** Names of tables are stored with or without a zero at their end. */
const isMessages = (name: Buffer): boolean => /^messages\0?$/.test(name.toString("latin1"))

/** Entries begin at even places. */
const even = (bytes: number): number => bytes + (bytes & 1)

/** The free list has numbers of transactions for keys. */
const compareNumbers = (a: Buffer, b: Buffer): number => number(a, 0) - number(b, 0)

const number = (page: Buffer, at: number): number => Number(page.readBigUInt64LE(at))

function tree(page: Buffer, at: number): Tree {
  const root = page.readBigUInt64LE(at + 40)
  return {
    pageSize: page.readUInt32LE(at),
    flags: page.readUInt16LE(at + 4),
    depth: page.readUInt16LE(at + 6),
    entries: number(page, at + 32),
    root: root === NO_ROOT ? null : Number(root),
  }
}
