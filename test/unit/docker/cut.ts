/** Splits bytes into chunks at the positions of a property test. */
export function cut(bytes: Buffer, picks: readonly number[]): Buffer[] {
  const places = [...new Set(picks.map((pick) => pick % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((place, index) => bytes.subarray(place, places[index] ?? bytes.length))
}
