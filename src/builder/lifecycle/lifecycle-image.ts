/** Reads a lifecycle from an image such as buildpacksio/lifecycle. */

import { readTar } from '../../archive/tar/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { EntryNames } from '../../buildpacks/entry-names.ts'
import type { FileTree, TreeEntry } from '../../buildpacks/file-tree.ts'
import { LIFECYCLE_APIS_LABEL, LIFECYCLE_VERSION_LABEL } from '../../images/labels/label-names.ts'
import { labelOf, readLabels } from '../../images/labels/read-labels.ts'
import type { Image, Layer } from '../../images/image.ts'
import { readLifecycleTree, type LifecycleSource } from '../lifecycle-source.ts'
import { readLifecycleLabels, type LifecycleDescriptor } from '../lifecycle-toml.ts'

/** Where the image has the files of a release. */
const ROOT = 'cnb/'
const BINARIES = 'cnb/lifecycle/'
const HINT = 'Use an image of the lifecycle, such as buildpacksio/lifecycle:0.21.0.'

/**
 * Reads the lifecycle of an image: the highest layer with files in `/cnb/lifecycle`, and the version and APIs in the labels, or without
 * them in `/cnb/lifecycle.toml`.
 * @throws CnbError CNB_LIFECYCLE_INVALID, CNB_IMAGE_INVALID for invalid labels, and errors of the layers' streams
 */
export async function readLifecycleImage(image: Image, context: Context = {}): Promise<LifecycleSource> {
  const descriptor = readLifecycleDescriptor(image)
  for (const layer of image.layers.toReversed()) {
    const tree = layerTree(image, layer)
    if (await hasBinaries(tree, context)) return readLifecycleTree(tree, context, descriptor)
  }
  throw new CnbError('CNB_LIFECYCLE_INVALID', `the image '${image.reference}' has no files in /cnb/lifecycle`, { hint: HINT })
}

/** Reads version and APIs of an image's labels. Returns undefined without the labels. @throws CnbError CNB_IMAGE_INVALID */
export function readLifecycleDescriptor(image: Pick<Image, 'reference' | 'labels'>): LifecycleDescriptor | undefined {
  const version = labelOf(image, LIFECYCLE_VERSION_LABEL)
  const apis = readLabels(image, [LIFECYCLE_APIS_LABEL]).table(LIFECYCLE_APIS_LABEL)
  return version === '' || !apis ? undefined : readLifecycleLabels(version, apis)
}

async function hasBinaries(tree: FileTree, context: Context): Promise<boolean> {
  for await (const { name, type } of tree.entries(context)) {
    if (type !== 'directory' && name.toString('latin1').startsWith(BINARIES.slice(ROOT.length))) return true
  }
  return false
}

/** The layer's files in `/cnb`, with the names that a release has. */
function layerTree({ reference }: Image, layer: Layer): FileTree {
  const invalid = 'CNB_LIFECYCLE_INVALID'
  return {
    path: reference,
    isDirectory: false,
    invalid,
    async *entries({ signal }: Context = {}): AsyncGenerator<TreeEntry, void, undefined> {
      const names = new EntryNames(reference, invalid)
      for await (const entry of readTar(await layer.open(signal), { source: reference, invalid, signal })) {
        const name = names.clean(entry).toString('latin1')
        if (!name.startsWith(ROOT)) continue
        yield { ...entry, name: Buffer.from(name.slice(ROOT.length), 'latin1'), ...(entry.type === 'link' ? { linkname: names.cleanLink(entry) } : {}) }
      }
    },
  }
}
