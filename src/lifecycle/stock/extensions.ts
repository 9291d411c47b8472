/** Image extensions, which the stock driver does not run: better a clear error than an image without what they add. */

import { text } from 'node:stream/consumers'
import { readTar } from '../../archive/tar-reader.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { Container } from '../../docker/engine.ts'
import { parseToml, type TomlTable } from '../../formats/toml.ts'
import type { BuildPlan } from '../lifecycle.ts'
import { LAYERS_DIR } from '../phase.ts'

const MAX_FILE = 1024 * 1024

/**
 * After detection: have extensions generated Dockerfiles, or switched the run image?
 * @throws CnbError CNB_UNSUPPORTED
 */
export async function refuseExtensions(container: Container, plan: BuildPlan, context: Context): Promise<void> {
  if (plan.builder.orderExtensions.length === 0) return
  const analyzed = await readLayersToml(container, 'analyzed.toml', context)
  const group = await readLayersToml(container, 'group.toml', context)
  const runImage = (analyzed['run-image'] ?? {}) as { image?: unknown; extend?: unknown }
  const used = Array.isArray(group['group-extensions']) ? group['group-extensions'].length : 0
  const switched = typeof runImage.image === 'string' && runImage.image !== plan.runImage.name
  if (used === 0 && runImage.extend !== true && !switched) return
  throw new CnbError('CNB_UNSUPPORTED', "this app needs the builder's image extensions, which the stock driver does not run", {
    hint: "Leave out '--lifecycle stock': the native driver runs them.",
  })
}

async function readLayersToml(container: Container, name: string, context: Context): Promise<TomlTable> {
  const tar = await container.getArchive(`${LAYERS_DIR}/${name}`, context)
  if (tar === undefined) return {}
  for await (const entry of readTar(tar)) {
    if (entry.type !== 'file') continue
    if (entry.size > MAX_FILE) {
      throw new CnbError('CNB_DETECT_FAILED', `cannot read ${LAYERS_DIR}/${name}: it has ${entry.size} bytes, and the limit is ${MAX_FILE}`)
    }
    return parseToml(await text(entry.content), name)
  }
  return {}
}
