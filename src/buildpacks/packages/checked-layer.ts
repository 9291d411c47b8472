/** Checks a package's layer whenever it is read: a hostile package could replace files of the builder. */

import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { decompress } from '../../archive/decompress.ts'
import { readTar } from '../../archive/tar/tar-reader.ts'
import { verified } from '../../archive/verified-stream.ts'
import { CnbError } from '../../base/errors.ts'
import type { Layer } from '../../images/image.ts'
import type { BuildpackDescriptor } from '../buildpack-descriptor.ts'
import { moduleDirectories } from '../buildpack-layer.ts'
import { EntryNames } from '../entry-names.ts'
import { ModuleFiles } from '../module-files.ts'
import { formatEntry } from '../order.ts'

/** The directories above those of modules, which a layer may contain too. */
const PARENTS = ['', 'cnb', 'cnb/buildpacks', 'cnb/extensions']

/** Returns the layer's tar with a check of its digest. */
type Verify = (plain: Readable) => Readable

/**
 * Returns the layer with streams that fail with CNB_BUILDPACK_INVALID, before their end, if the tar lacks a file of `modules` that each
 * must have, or contains anything but files of `modules`. The stream of the blob also fails if the blob does not contain the layer: who
 * decompresses it must find the files that were checked. A layer that a registry mounts from the package's repository is not read, and
 * not checked.
 * @param source the package's name for errors
 * @param modules the modules that the package's labels find in the layer
 */
export function checkedLayer(layer: Layer, source: string, modules: readonly BuildpackDescriptor[]): Layer {
  const { blob, diffId } = layer
  const check = (open: Layer['open'], verify?: Verify): Layer['open'] => async (signal) =>
    Readable.from(checked(await open(signal), (copy) => checkFiles(copy, source, modules, verify)), { objectMode: false })
  const isLayer: Verify = (plain) => verified(plain, diffId, (found) =>
    new CnbError('CNB_BUILDPACK_INVALID', `a blob of the package '${source}' should contain layer ${diffId}, but contains ${found}`))
  return {
    ...layer,
    open: check((signal) => layer.open(signal)),
    ...(blob ? { blob: { ...blob, open: check((signal) => blob.open(signal), isLayer) } } : {}),
  }
}

/** Passes the bytes on while a copy is checked; the last bytes follow after the whole check. */
async function* checked(stream: Readable, checkCopy: (copy: Readable) => Promise<void>): AsyncGenerator<Buffer> {
  const copy = new PassThrough()
  // An error of the check ends the copy; without a listener, it would end the process.
  copy.on('error', () => {})
  let failure: unknown
  const check = checkCopy(copy).catch((error: unknown) => {
    failure = error
    copy.destroy()
  })
  try {
    let last: Buffer | undefined
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (last) yield last
      if (failure === undefined && !copy.write(chunk)) await Promise.race([once(copy, 'drain').catch(() => {}), check])
      if (failure !== undefined) throw failure as Error
      last = chunk
    }
    copy.end()
    await check
    if (failure !== undefined) throw failure as Error
    if (last) yield last
  } finally {
    copy.destroy()
    stream.destroy()
  }
}

async function checkFiles(layer: Readable, source: string, modules: readonly BuildpackDescriptor[], verify: Verify = (plain) => plain): Promise<void> {
  const invalid = 'CNB_BUILDPACK_INVALID'
  const [names, files] = [new EntryNames(source, invalid), new ModuleFiles(`the package '${source}'`)]
  const directories = modules.map((module) => moduleDirectories(module))
  const parents = new Set([...PARENTS, ...directories.map(({ parent }) => parent.slice(1))])
  const roots = new Set(directories.map(({ root }) => root.slice(1)))
  const missing = new Map(modules.map((module, index) => [`${directories[index]!.root.slice(1)}/${module.kind}.toml`, module]))
  const plain = verify(await decompress(layer, { source: `a layer of '${source}'`, invalid }))
  for await (const entry of readTar(plain, { source: `a layer of '${source}'`, invalid })) {
    const name = names.clean(entry)
    const path = name.toString('latin1')
    if (entry.type === 'directory' && parents.has(path)) continue
    // The directory of a module has four parts: cnb/buildpacks/ID/VERSION.
    if (!roots.has(path.split('/', 4).join('/')) || (roots.has(path) && entry.type !== 'directory')) {
      throw new CnbError(invalid, `a layer of the package '${source}' contains '${entry.name.toString()}', which is not a file of its buildpacks`, {
        hint: 'Report this to the author of the package: it could replace files of the builder.',
      })
    }
    files.check({ ...entry, name, ...(entry.type === 'link' ? { linkname: names.cleanLink(entry) } : {}) })
    if (entry.type === 'file') missing.delete(path)
  }
  for (const [path, { info }] of missing) {
    throw new CnbError(invalid, `a layer of the package '${source}' lacks '/${path}' of '${formatEntry(info)}', which its label lists`)
  }
}
