/** `io.buildpacks.build.metadata`: who built the image and what it can run (platform.md "io.buildpacks.build.metadata (JSON)"). */

import { readJsonLabel, type LabelValue, type Labelled } from './label-value.ts'
import { BUILD_METADATA_LABEL } from './labels.ts'

interface UsedBuildpack {
  readonly id: string
  readonly version: string
  readonly homepage?: string
}

/** A process type. Before Platform API 0.10 `command` was one string; here it is always a list. */
export interface LaunchProcess {
  readonly type: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  /** Whether it is started without a shell. */
  readonly direct: boolean
  readonly default: boolean
  readonly buildpackId: string
  readonly workingDir: string
}

export interface BuildMetadata {
  readonly buildpacks: readonly UsedBuildpack[]
  readonly extensions: readonly UsedBuildpack[]
  readonly processes: readonly LaunchProcess[]
  /** The lifecycle's version, empty where it is not told. */
  readonly launcherVersion: string
}

/** @throws CnbError CNB_IMAGE_INVALID when the label is malformed; undefined where the image has none */
export function readBuildMetadata(image: Labelled): BuildMetadata | undefined {
  const label = readJsonLabel(image, BUILD_METADATA_LABEL)
  if (!label) return undefined
  return {
    buildpacks: label.member('buildpacks').list().map(readUsed),
    extensions: label.member('extensions').list().map(readUsed),
    processes: label.member('processes').list().map(readProcess),
    launcherVersion: label.member('launcher').member('version').string(),
  }
}

function readUsed(used: LabelValue): UsedBuildpack {
  const homepage = used.member('homepage').string()
  return { id: used.member('id').string(), version: used.member('version').string(), ...(homepage === '' ? {} : { homepage }) }
}

function readProcess(process: LabelValue): LaunchProcess {
  const command = process.member('command')
  return {
    type: process.member('type').string(),
    command: command.isList ? command.strings() : command.present ? [command.string()] : [],
    args: process.member('args').strings(),
    direct: process.member('direct').boolean(),
    default: process.member('default').boolean(),
    buildpackId: process.member('buildpackID').string(),
    workingDir: process.member('working-dir').string(),
  }
}
