/** What the user wants of a finished build on the disk: SBOM files and report.toml. */

import { extractInto } from '../../archive/extract.ts'
import { packTar, type TarEntry } from '../../archive/tar-writer.ts'
import type { Context } from '../../base/events.ts'
import type { BuildPlan } from '../lifecycle.ts'
import type { LayersTree } from './model.ts'

/** @throws CnbError CNB_OUTPUT when a directory cannot be written */
export async function writeOutputs(plan: BuildPlan, tree: LayersTree, report: string, context: Context): Promise<void> {
  if (plan.sbomOutputDir !== undefined) {
    const files = [...tree].filter(([path]) => path.startsWith('sbom/')).map(([path, entry]): TarEntry => ({ ...entry, name: path }))
    await extractInto(plan.sbomOutputDir, packTar(files), { strip: 1, signal: context.signal })
  }
  if (plan.reportOutputDir !== undefined) {
    const content = Buffer.from(report)
    const file: TarEntry = { type: 'file', name: 'report.toml', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content }
    await extractInto(plan.reportOutputDir, packTar([file]), { signal: context.signal })
  }
}
