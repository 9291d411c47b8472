/** `--to oci:DIR[:NAME]`: saves to an OCI layout, under NAME or else the tags of the image's names. */

import { resolve } from 'node:path'
import { familiarName, type Reference } from '../../oci/reference.ts'
import type { ImageSource, SavedImage } from '../image.ts'
import { saveIndexToLayout } from '../index/save-index-to-layout.ts'
import { formatLayoutLocation, parseLayoutLocation, type LayoutLocation } from '../oci-layout/layout-location.ts'
import { saveToLayout } from '../oci-layout/layout-sink.ts'
import { openLayoutImages } from '../oci-layout/layout-source.ts'
import type { Sink, SinkOptions, SinkServices } from './sink.ts'

/** Reads `oci:DIR[:NAME]`. @throws CnbError CNB_REFERENCE_INVALID */
export function toOciLayout(text: string, { cwd, sparse }: SinkOptions): Sink {
  const parsed = parseLayoutLocation(text)
  const location = { ...parsed, directory: resolve(cwd, parsed.directory) }
  return {
    place: formatLayoutLocation(location),
    directory: location.directory,
    store: 'files',
    takesBlobs: true,
    sparse,
    describe: (tags) => `in ${tags}`,
    open: ({ blobs }) => ({ save: async (plan, context) => withScheme(await saveToLayout({ ...location, sparse }, plan, blobs, context)) }),
    openIndexes: () => ({ save: async (plan, context) => withScheme(await saveIndexToLayout(location, plan, context)) }),
    idOf: (_, digest) => `oci:${location.directory}@${digest}`,
    previous: (image, services) => layoutPrevious(location, image, services),
    loadCommands: (image) => (sparse ? [] : copyCommands(location, image)),
  }
}

/** Adds the scheme to the ID of a result. */
export function withScheme(saved: SavedImage): SavedImage {
  return { ...saved, id: `oci:${saved.id}` }
}

/** Returns a source with the app's current image in the layout; other images come from registries. */
function layoutPrevious({ directory, name }: LayoutLocation, image: Reference, { published, platform }: SinkServices): ImageSource {
  const own = formatLayoutLocation({ directory, name: name ?? image.tag })
  const layouts = openLayoutImages(platform)
  return { find: (reference, context) => (reference === familiarName(image) ? layouts.find(own, context) : published.find(reference, context)) }
}

/**
 * Returns the commands that load the image through an archive: skopeo's docker-daemon: (1.9, Debian 12) uses an API version that
 * Engine 28 rejects. Skopeo needs a name: without one in the location, it is the tag of the image's name.
 */
function copyCommands({ directory, name }: LayoutLocation, image: string): string[][] {
  const source = formatLayoutLocation({ directory, name: name ?? image.slice(image.lastIndexOf(':') + 1) })
  return [['skopeo', 'copy', '--quiet', source, `docker-archive:/dev/stdout:${image}`], ['docker', 'load']]
}
