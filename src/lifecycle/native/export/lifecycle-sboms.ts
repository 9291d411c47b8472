/** Adds the SBOMs of the lifecycle (lifecycle phase/exporter.go `copyBuildpacksioSBOMs`). */

import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import type { LayersTree, LayerTreeEntry } from '../model.ts'
import { madeDirectory, madeFile, type LayerOwner } from './tree-directory.ts'

const FORMATS = ['sbom.cdx.json', 'sbom.spdx.json', 'sbom.syft.json']
const LIFECYCLE_DIR = 'sbom/build/buildpacksio_lifecycle'
const LAUNCHER_DIR = 'sbom/launch/buildpacksio_lifecycle/launcher'

/**
 * Returns the tree with the SBOMs of lifecycle (build) and launcher (launch), since Platform API 0.11.
 * @param lifecycleFiles by name in `/cnb/lifecycle`
 */
export function withLifecycleSboms(
  tree: LayersTree,
  lifecycleFiles: ReadonlyMap<string, Buffer>,
  { api, owner, say }: { api: ApiVersion; owner: LayerOwner; say: (line: string) => void },
): LayersTree {
  if (!hasFeature(api, 'lifecycleSboms')) return tree
  const whole = new Map(tree)
  const copy = (component: string, directory: string): void => {
    for (const format of FORMATS) {
      const content = lifecycleFiles.get(`${component}.${format}`)
      if (content === undefined) {
        say(`Warning: Did not find SBOM ${component}.${format} in /cnb/lifecycle`)
        continue
      }
      addDirectories(whole, directory, owner)
      whole.set(`${directory}/${format}`, replaced(whole.get(`${directory}/${format}`), content, owner))
    }
  }
  copy('lifecycle', LIFECYCLE_DIR)
  copy('launcher', LAUNCHER_DIR)
  return whole
}

function addDirectories(tree: Map<string, LayerTreeEntry>, path: string, owner: LayerOwner): void {
  const steps = path.split('/')
  for (const [index] of steps.entries()) {
    const directory = steps.slice(0, index + 1).join('/')
    if (!tree.has(directory)) tree.set(directory, madeDirectory(owner))
  }
}

/** Returns the new file; a replaced file keeps its mode. */
function replaced(present: LayerTreeEntry | undefined, content: Buffer, owner: LayerOwner): LayerTreeEntry {
  const made = madeFile(content, owner)
  return present?.type === 'file' ? { ...made, mode: present.mode } : made
}
