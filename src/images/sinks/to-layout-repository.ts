/** `--to layout-repo:DIR`: saves to an OCI layout below DIR for each name of the image. */

import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import { familiarName, type Tag } from '../../oci/reference.ts'
import type { SavedImage } from '../image.ts'
import { saveIndexToLayout } from '../index/save-index-to-layout.ts'
import { layoutOf, openLayoutRepository } from '../oci-layout/layout-repository.ts'
import { saveToLayout } from '../oci-layout/layout-sink.ts'
import type { Sink, SinkOptions } from './sink.ts'
import { withScheme } from './to-oci-layout.ts'

/** Reads `layout-repo:DIR`. @throws CnbError CNB_REFERENCE_INVALID */
export function toLayoutRepository(text: string, { cwd, sparse }: SinkOptions): Sink {
  const given = text.slice('layout-repo:'.length)
  if (given === '' || given.includes('\0')) {
    throw new CnbError('CNB_REFERENCE_INVALID', `'${text}' does not name a directory of OCI layouts`, { hint: "Use layout-repo:DIR, for example 'layout-repo:./images'." })
  }
  const root = resolve(cwd, given)
  return {
    place: `layout-repo:${root}`,
    directory: root,
    store: 'files',
    takesBlobs: true,
    sparse,
    describe: (tags) => `in ${tags}`,
    open: ({ blobs }) => ({
      save: async (plan, context) => {
        const save = (part: boolean) => saveAll(root, plan.tags, (directory, tags) => saveToLayout({ directory, sparse }, { ...plan, tags, part }, blobs, context))
        // All blobs are written before the first name refers to the new image.
        const parts = await save(true)
        return plan.part ? parts : save(false)
      },
    }),
    openIndexes: () => ({ save: (plan, context) => saveAll(root, plan.tags, (directory, tags) => saveIndexToLayout({ directory }, { ...plan, tags }, context)) }),
    idOf: (tag, digest) => `oci:${layoutOf(root, tag)}@${digest}`,
    previous: (image, { published, platform }) => {
      const stored = openLayoutRepository(root, platform)
      const isOwn = (reference: string): boolean => reference === familiarName(image)
      return { find: async (reference, context) => (await stored.find(reference, context)) ?? (isOwn(reference) ? undefined : published.find(reference, context)) }
    },
    images: (platform) => openLayoutRepository(root, platform),
    loadCommands: () => [],
  }
}

/** Saves in the layout of each name. The result is that of the first, with the tags of all. */
async function saveAll(root: string, tags: readonly Tag[], save: (directory: string, tags: readonly Tag[]) => Promise<SavedImage>): Promise<SavedImage> {
  const saved: SavedImage[] = []
  for (const tag of tags) saved.push(await save(layoutOf(root, tag), [tag]))
  return { ...withScheme(saved[0]!), tags: saved.flatMap((each) => each.tags) }
}
