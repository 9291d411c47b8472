/** The user that runs buildpacks in a build image or builder (platform.md "Build Image"). */

import type { Image } from '../images/image.ts'
import { builderError } from './builder-error.ts'

const MAX_ID = 2 ** 31 - 1

/**
 * Reads CNB_USER_ID and CNB_GROUP_ID. PATH must also be set.
 * @throws CnbError CNB_BUILDER_INVALID
 */
export function readBuildUser(image: Image): { uid: number; gid: number } {
  const env = image.config.config.Env ?? []
  const hasPath = env.some((entry) => entry.startsWith('PATH='))
  if (!hasPath) throw builderError(image, 'its environment has no PATH, which the specification requires')
  const uid = readId(image, env, 'CNB_USER_ID')
  if (uid === 0) throw builderError(image, 'CNB_USER_ID is 0: buildpacks must not run as root')
  return { uid, gid: readId(image, env, 'CNB_GROUP_ID') }
}

function readId(image: Image, env: readonly string[], name: string): number {
  // If a variable is set twice, the last value is used.
  const value = env.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)
  if (value === undefined || value === '') throw builderError(image, `its environment has no ${name}, so it is not a build image or builder`)
  const id = /^\d{1,10}$/.test(value) ? Number(value) : NaN
  if (!(id <= MAX_ID)) throw builderError(image, `${name} is '${value}', which is not a number from 0 to ${MAX_ID}`)
  return id
}
