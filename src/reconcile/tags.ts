/** Names that a build pushes its image to: `generateTags` of kpack. */

import type { ImageSpec } from '../resources/kinds/image.ts'
import { parseGoTag } from './reference.ts'
import { tagTime } from './times.ts'

/** The form of the tag with the build's number, which is the second of a build. */
const NUMBERED = /b\d+\.\d{8}\.\d{6}$/

type TagSettings = Pick<ImageSpec, 'tag' | 'additionalTags' | 'imageTaggingStrategy'>

/** Returns the names of a build's image. As in kpack, the list is empty if the strategy needs a tag that is invalid. */
export function buildTags({ tag, additionalTags = [], imageTaggingStrategy }: TagSettings, number: number, now: Date): string[] {
  if (imageTaggingStrategy === 'None') return [tag, ...additionalTags]
  const name = parseGoTag(tag)
  if (!name) return []
  const prefix = name.tag === 'latest' ? '' : `${name.tag}-`
  return [tag, `${name.registry}/${name.repository}:${prefix}b${number}.${tagTime(now)}`, ...additionalTags]
}

/** The settings of an Image that determine the names. */
export interface TagChoice {
  readonly additionalTags: readonly string[]
  readonly imageTaggingStrategy: string
}

/** Returns the settings with which the names of a build were made. */
export function choiceOfBuild(tags: readonly string[]): TagChoice {
  const numbered = NUMBERED.test(tags[1] ?? '')
  return { additionalTags: tags.slice(numbered ? 2 : 1), imageTaggingStrategy: numbered ? 'BuildNumber' : 'None' }
}

export function choiceOfImage({ additionalTags = [], imageTaggingStrategy }: TagSettings): TagChoice {
  return { additionalTags, imageTaggingStrategy: imageTaggingStrategy === 'None' ? 'None' : 'BuildNumber' }
}
