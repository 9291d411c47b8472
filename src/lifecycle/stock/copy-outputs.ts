/** Copies what a finished build leaves below `/layers` for the user: SBOM files and report.toml. */

import { extractInto } from '../../archive/extract.ts'
import type { Context } from '../../base/events.ts'
import type { Container } from '../../docker/engine.ts'
import type { BuildPlan } from '../lifecycle.ts'
import { LAYERS_DIR } from '../phase.ts'

/** @throws CnbError CNB_OUTPUT when a directory cannot be written */
export async function copyOutputs(container: Container, plan: BuildPlan, context: Context): Promise<void> {
  if (plan.sbomOutputDir !== undefined) await copyOut(container, 'sbom', plan.sbomOutputDir, 1, context)
  if (plan.reportOutputDir !== undefined) await copyOut(container, 'report.toml', plan.reportOutputDir, 0, context)
}

/** @param strip how many leading directories of the entries' names are left out */
async function copyOut(container: Container, name: string, directory: string, strip: number, context: Context): Promise<void> {
  const tar = await container.getArchive(`${LAYERS_DIR}/${name}`, context)
  if (tar === undefined) {
    context.events?.({ type: 'warning', message: `the build wrote no ${name}, so nothing was copied to ${directory}` })
    return
  }
  await extractInto(directory, tar, { strip, signal: context.signal })
}
