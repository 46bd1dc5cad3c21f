/** What is wrong with a store's file, found before the native library could see it. */
export class Finding extends Error {}
