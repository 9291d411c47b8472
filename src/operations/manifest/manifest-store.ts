/** Manifest lists on this machine: directories with an index.json, as pack writes them. */

import { access, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readBounded } from '../../base/bounded-file.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { writeFileAtomically } from '../../base/files.ts'
import { stringMapOf } from '../../formats/lenient-values.ts'
import { directoryFiles } from '../../images/oci-layout/layout-files.ts'
import { isLayoutLocation, parseLayoutLocation } from '../../images/oci-layout/layout-location.ts'
import { readLayoutIndex } from '../../images/oci-layout/layout-source.ts'
import { changeIndex, prepareLayout } from '../../images/oci-layout/layout-writer.ts'
import { parseTag, type Tag } from '../../oci/reference.ts'
import type { Host } from '../services.ts'

/** The file with the repositories of images that a push may have to copy; pack ignores it. */
const SOURCES = 'cnb-sources.json'
/** Enough for an index of 1000 images. */
const MAX_SOURCES = 1024 * 1024

/** A manifest list, which may not exist yet. */
export class ManifestStore {
  /** The name as typed. */
  readonly name: string
  /** The name to push to; undefined for a list in a directory that the user named. */
  readonly tag: Tag | undefined
  readonly #directory: string

  /**
   * @param name an image name, for a list below `$CNB_HOME/manifests`, or `oci:DIR`
   * @throws CnbError CNB_REFERENCE_INVALID
   */
  constructor(name: string, { env, home, cwd }: Host) {
    this.name = name
    if (isLayoutLocation(name)) {
      const { directory, name: inside, digest } = parseLayoutLocation(name)
      if (inside !== undefined || digest !== undefined) throw new CnbError('CNB_REFERENCE_INVALID', `'${name}' is not a manifest list: it names an image in a layout`, { hint: 'Use oci:DIR.' })
      this.#directory = resolve(cwd, directory)
    } else {
      this.tag = parseTag(name)
      // imgutil's MakeFileSafeName.
      this.#directory = join(env['CNB_HOME'] || join(home, '.cnb'), 'manifests', name.replaceAll(':', '-').replaceAll('/', '_'))
    }
  }

  async exists(): Promise<boolean> {
    return access(join(this.#directory, 'index.json')).then(() => true, () => false)
  }

  /** Returns the index. @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_IMAGE_INVALID */
  async read(): Promise<Buffer> {
    const index = (await this.exists()) ? await readLayoutIndex(directoryFiles(this.#directory)) : undefined
    if (index) return index
    throw new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find manifest list '${this.name}'`, { hint: `Create it with 'cnb manifest create ${this.name} IMAGE…'.` })
  }

  /** Replaces the index of a new or existing list. @throws CnbError CNB_USAGE for a layout with images, CNB_OUTPUT, CNB_IMAGE_INVALID */
  async write(change: (index: Buffer) => Buffer, context: Context): Promise<void> {
    await this.#refuseImages()
    await prepareLayout(this.#directory, context)
    await changeIndex(this.#directory, change, context)
  }

  /** Returns where each image was found: its repository, or `oci:DIR`. */
  async sources(): Promise<Readonly<Record<string, string>>> {
    try {
      return stringMapOf(JSON.parse((await readBounded(join(this.#directory, SOURCES), { max: MAX_SOURCES })).toString()))
    } catch {
      // Without it, a push requires the images in the list's repository.
      return {}
    }
  }

  async addSources(added: Readonly<Record<string, string>>): Promise<void> {
    await writeFileAtomically(join(this.#directory, SOURCES), JSON.stringify({ ...(await this.sources()), ...added }))
  }

  /** Removes the list and its directory. @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_USAGE for a layout with images */
  async remove(): Promise<void> {
    await this.read()
    await this.#refuseImages()
    await rm(this.#directory, { recursive: true })
  }

  /** A list has no blobs. A layout with images would lose them, or list images that it does not have. */
  async #refuseImages(): Promise<void> {
    const blobs = await readdir(join(this.#directory, 'blobs', 'sha256')).catch(() => [])
    if (blobs.length === 0) return
    throw new CnbError('CNB_USAGE', `'${this.name}' is an OCI layout with images, not a manifest list`, { hint: 'Use another directory for the list, and add the images of the layout as oci:DIR:TAG.' })
  }
}
