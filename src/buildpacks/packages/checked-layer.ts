/** Checks a package's layer whenever it is read: a hostile package could replace files of the builder. */

import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { decompress } from '../../archive/decompress.ts'
import { readTar } from '../../archive/tar/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import type { Layer } from '../../images/image.ts'
import { EntryNames } from '../entry-names.ts'

/** The directories of modules, and their parents, which a layer may contain too. */
const ALLOWED = /^cnb\/(?:buildpacks|extensions)\/./
const PARENTS = new Set(['', 'cnb', 'cnb/buildpacks', 'cnb/extensions'])

/**
 * Returns the layer with streams that fail with CNB_BUILDPACK_INVALID, before their end, if the tar contains anything but files below
 * `/cnb/buildpacks` and `/cnb/extensions`. A layer that a registry mounts from the package's repository is not read, and not checked.
 * @param source the package's name for errors
 */
export function checkedLayer(layer: Layer, source: string): Layer {
  const { blob } = layer
  const check = (open: Layer['open']): Layer['open'] => async (signal) => Readable.from(checked(await open(signal), source), { objectMode: false })
  return {
    ...layer,
    open: check((signal) => layer.open(signal)),
    ...(blob ? { blob: { ...blob, open: check((signal) => blob.open(signal)) } } : {}),
  }
}

/** Passes the bytes on while their names are checked; the last bytes follow after the whole check. */
async function* checked(stream: Readable, source: string): AsyncGenerator<Buffer> {
  const copy = new PassThrough()
  // An error of the check ends the copy; without a listener, it would end the process.
  copy.on('error', () => {})
  let failure: unknown
  const check = checkNames(copy, source).catch((error: unknown) => {
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

async function checkNames(layer: Readable, source: string): Promise<void> {
  const invalid = 'CNB_BUILDPACK_INVALID'
  const names = new EntryNames(source, invalid)
  const plain = await decompress(layer, { source: `a layer of '${source}'`, invalid })
  for await (const entry of readTar(plain, { source: `a layer of '${source}'`, invalid })) {
    const name = names.clean(entry).toString('latin1')
    const target = entry.type === 'link' ? names.cleanLink(entry).toString('latin1') : name
    if (entry.type === 'directory' && PARENTS.has(name)) continue
    if (ALLOWED.test(name) && ALLOWED.test(target)) continue
    throw new CnbError(invalid, `a layer of the package '${source}' contains '${entry.name.toString()}', which is not a buildpack's file`, {
      hint: 'Report this to the author of the package: it could replace files of the builder.',
    })
  }
}
