/** Numbers with their noun. */

/** Returns a number with the noun in singular or plural: `1 image`, `2 images`. @param noun a noun with the plural ending -s */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
