/** Selects a run image from its names (platform.md "Run Image Resolution"). */

import { CnbError, type ErrorCode } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { parseReference } from '../../oci/reference.ts'
import type { Image } from '../image.ts'
import type { RunImageNames } from '../labels/lifecycle-metadata.ts'

/**
 * Sorts the names of a run image, best first: names on the app image's registry, where access is fast and allowed, before others; then
 * names that the user prefers; then names that the engine has; then in the order of declaration.
 * @param registry the app image's registry, as parseReference returns it
 */
export async function rankRunImages(
  { image, mirrors, preferred = [] }: RunImageNames & { readonly preferred?: readonly string[] },
  registry: string,
  isPresent: (name: string) => Promise<boolean>,
): Promise<string[]> {
  const names = [...new Set([...preferred, image, ...mirrors])].filter((name) => registryOf(name) !== undefined)
  // With one name there is nothing to sort; a check for presence takes about 50 ms on a containerd store.
  if (names.length < 2) return names
  const ranked = await Promise.all(
    names.map(async (name) => {
      const near = registryOf(name) === registry ? 0 : 4
      const wished = preferred.includes(name) ? 0 : 2
      return { name, rank: near + wished + ((await isPresent(name)) ? 0 : 1) }
    }),
  )
  return ranked.sort((a, b) => a.rank - b.rank).map(({ name }) => name)
}

/** The input of chooseRunImage. */
export interface RunImageChoice {
  readonly names: RunImageNames & { readonly preferred?: readonly string[] }
  /** The source of the names, for the decision's reason: `the builder`. */
  readonly declaredBy: string
  /** The app image's registry, as parseReference returns it. */
  readonly registry: string
  readonly isPresent: (name: string) => Promise<boolean>
  readonly find: (name: string) => Promise<Image>
  /** The errors after which the next name is tried. */
  readonly ofOneName?: readonly ErrorCode[]
}

/**
 * Finds the run image by the best of its names, and reports the decision. Returns undefined if no name is valid.
 * @throws as findFirstImage
 */
export async function chooseRunImage(choice: RunImageChoice, context: Context): Promise<{ name: string; image: Image } | undefined> {
  const { names, registry, isPresent, find, ofOneName } = choice
  const ranked = await rankRunImages(names, registry, isPresent)
  const found = await findFirstImage(ranked, find, ofOneName, context)
  if (found) decide(context, { kind: 'run image', name: found.name }, 'chosen', whyChosen(found.name, choice))
  return found
}

function whyChosen(name: string, { names: { image, preferred = [] }, declaredBy, registry }: RunImageChoice): string {
  if (preferred.includes(name)) return `the configuration file lists it as a mirror of '${image}', the run image of ${declaredBy}`
  if (name === image) return `${declaredBy} names it`
  const where = registryOf(name) === registry ? ", on the app's registry" : ''
  return `${declaredBy} names it as a mirror of '${image}'${where}`
}

/** Errors that concern one name only: another name may succeed. */
const OF_ONE_NAME: readonly ErrorCode[] = ['CNB_IMAGE_NOT_FOUND', 'CNB_PULL_FAILED']

/**
 * Returns the first image that is found by one of the names. Returns undefined for an empty list.
 * @throws the first name's error if all fail; immediately any error outside `ofOneName`
 */
export async function findFirstImage(
  names: readonly string[],
  find: (name: string) => Promise<Image>,
  ofOneName = OF_ONE_NAME,
  context: Context = {},
): Promise<{ name: string; image: Image } | undefined> {
  let first: CnbError | undefined
  for (const name of names) {
    try {
      return { name, image: await find(name) }
    } catch (error) {
      if (!(error instanceof CnbError) || !ofOneName.includes(error.code)) throw error
      first ??= error
      decide(context, { kind: 'run image', name }, 'passed over', error.message)
    }
  }
  if (first) throw first
  return undefined
}

/** Returns undefined if the name, from an unchecked label or builder, is invalid. */
function registryOf(name: string): string | undefined {
  try {
    return parseReference(name).registry
  } catch {
    return undefined
  }
}
