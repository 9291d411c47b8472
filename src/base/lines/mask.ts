/** Hides secret values in text. */

/** A shorter text occurs in other words by chance. */
const LEAST = 4
const SHOWN = '***'

export class Mask {
  readonly #texts: readonly string[]
  /** The length of the longest hidden text. */
  readonly longest: number

  /** @param values hidden as a whole and line by line, without spaces around them */
  constructor(values: readonly string[]) {
    const texts = values.flatMap((value) => [value, ...value.split(/[\r\n]+/)]).map((text) => text.trim())
    // The longest first: a short value may be a part of a longer one.
    this.#texts = [...new Set(texts)].filter((text) => text.length >= LEAST).sort((a, b) => b.length - a.length)
    this.longest = this.#texts[0]?.length ?? 0
  }

  hide(text: string): string {
    return this.#texts.reduce((hidden, secret) => hidden.replaceAll(secret, SHOWN), text)
  }
}
