/** Which run image of those that may be used (platform.md "Run Image Resolution"). */

import { CnbError, type ErrorCode } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import { parseReference } from '../../oci/reference.ts'
import type { Image } from '../image.ts'
import type { RunImageNames } from '../labels/lifecycle-metadata.ts'

/**
 * The names of a run image, best first: those on the app image's own registry, where pulling and pushing is cheap and allowed,
 * then the rest; within each those that the user prefers, then those that are on the engine already, then the order in which they
 * are declared.
 * @param registry of the app image, as parseReference gives it
 */
export async function rankRunImages(
  { image, mirrors, preferred = [] }: RunImageNames & { readonly preferred?: readonly string[] },
  registry: string,
  isPresent: (name: string) => Promise<boolean>,
): Promise<string[]> {
  const names = [...new Set([...preferred, image, ...mirrors])].filter((name) => registryOf(name) !== undefined)
  // Nothing to choose, so nothing to ask for: on a containerd store that takes an engine some 50 ms.
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

/** A run image's names, and where the best of them is found. */
export interface RunImageChoice {
  readonly names: RunImageNames & { readonly preferred?: readonly string[] }
  /** What declares the names, for reasons: `the builder`. */
  readonly declaredBy: string
  /** Of the app image, as parseReference gives it. */
  readonly registry: string
  readonly isPresent: (name: string) => Promise<boolean>
  readonly find: (name: string) => Promise<Image>
  /** The failures after which another name is tried. */
  readonly ofOneName?: readonly ErrorCode[]
}

/** The best name under which the run image can be had; undefined where none is a name. @throws as findFirstImage */
export async function chooseRunImage(choice: RunImageChoice, context: Context): Promise<{ name: string; image: Image } | undefined> {
  const { names, registry, isPresent, find, ofOneName } = choice
  const ranked = await rankRunImages(names, registry, isPresent)
  const found = await findFirstImage(ranked, find, ofOneName, context)
  if (found) decide(context, { kind: 'run image', name: found.name }, 'chosen', whyChosen(found.name, choice))
  return found
}

function whyChosen(name: string, { names: { image, preferred = [] }, declaredBy, registry }: RunImageChoice): string {
  if (preferred.includes(name)) return `the configuration file has it as a mirror of '${image}', which ${declaredBy} names`
  if (name === image) return `${declaredBy} names it`
  const where = registryOf(name) === registry ? ", on the app's registry" : ''
  return `${declaredBy} names it as a mirror of '${image}'${where}`
}

/** Failures that are a matter of one name: another may do. */
const OF_ONE_NAME: readonly ErrorCode[] = ['CNB_IMAGE_NOT_FOUND', 'CNB_PULL_FAILED']

/**
 * The first of several names under which an image can be had.
 * @throws what was wrong with the first name when none can; at once what is no matter of that one name
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

/** Undefined for what is no reference: what labels and builders name is not checked before. */
function registryOf(name: string): string | undefined {
  try {
    return parseReference(name).registry
  } catch {
    return undefined
  }
}
