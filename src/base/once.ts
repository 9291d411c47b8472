/** Work that is done on first use, and at most once. */

/** Returns a function that calls `make` the first time, and returns the same promise each time. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
