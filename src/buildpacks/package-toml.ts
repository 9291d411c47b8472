/** package.toml beside a buildpack.toml: which buildpacks a composite one is packaged with (the peer's format). */

import { fileURLToPath } from 'node:url'
import type { Context } from '../base/events.ts'
import { readTomlFields } from '../formats/field-reader.ts'

/**
 * The paths of the dependencies that are on this machine, relative to the file. The others are named in warnings: the builder
 * may well have them already, and a builder that lacks them is refused when its orders are checked.
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column
 */
export function readDependencies(text: string, file: string, context: Context): string[] {
  return readTomlFields(text, file, context).tables('dependencies').flatMap((dependency) => {
    const image = dependency.string('image')
    const uri = dependency.string('uri')
    if (image && uri) throw dependency.error('image', 'a dependency has a uri or an image, not both')
    if (!image && !uri) throw dependency.error('uri', "a dependency needs a 'uri'")
    if (uri?.startsWith('file:///')) return [fileURLToPath(uri)]
    if (uri && !/^([A-Za-z][A-Za-z0-9+.-]*:\/|urn:)/.test(uri)) return [uri]
    const message = `${file}: the dependency '${uri || image}' is not fetched; this version of cnb only takes local ones`
    context.events?.({ type: 'warning', message })
    return []
  })
}
