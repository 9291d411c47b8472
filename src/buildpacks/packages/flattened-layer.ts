/** One layer with the files of several modules (pack's pkg/buildpack/buildpack_tar_writer.go). */

import { makeTarLayer } from '../../archive/tar/tar-layer.ts'
import { readTar, type TarReadEntry } from '../../archive/tar/tar-reader.ts'
import type { Context } from '../../base/events.ts'
import type { Layer } from '../../images/image.ts'
import type { Buildpack } from '../buildpack.ts'
import { moduleDirectories } from '../buildpack-layer.ts'

/** Returns a layer with the files of all modules, in their order: pack's bytes for the same layers. @throws CnbError CNB_BUILDPACK_INVALID */
export async function flattenedLayer(modules: readonly Buildpack[], { signal }: Context = {}): Promise<Layer> {
  return makeTarLayer((reading) => flattened(modules, reading), { signal })
}

async function* flattened(modules: readonly Buildpack[], signal: AbortSignal | undefined): AsyncGenerator<TarReadEntry> {
  // Versions of one buildpack share a directory.
  const shared = new Set<string>()
  for (const module of modules) {
    const { parent, root } = moduleDirectories(module.descriptor)
    const source = `the layer of '${module.descriptor.info.id}' in ${module.origin}`
    for await (const entry of readTar(await module.layer.open(signal), { source, invalid: 'CNB_BUILDPACK_INVALID', signal })) {
      const name = `/${entry.name.toString('latin1').replace(/^(?:\.?\/)+|\/+$/g, '')}`
      // The layer of a flattened package has the files of other modules too.
      if (name !== root && !name.startsWith(`${root}/`) && (name !== parent || shared.has(parent))) continue
      if (name === parent) shared.add(parent)
      yield entry
    }
  }
}
