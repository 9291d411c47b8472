/** Reads the label io.buildpacks.build.metadata (platform.md "io.buildpacks.build.metadata (JSON)"). */

import type { FieldReader } from '../../formats/field-reader.ts'
import { BUILD_METADATA_LABEL } from './label-names.ts'
import { readLabels, type Labelled } from './read-labels.ts'

interface UsedBuildpack {
  readonly id: string
  readonly version: string
  readonly homepage?: string
}

/** A process type. `command` is always a list here; before Platform API 0.10 it was a string. */
export interface LaunchProcess {
  readonly type: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  /** Whether the process is started without a shell. */
  readonly direct: boolean
  readonly default: boolean
  readonly buildpackId: string
  readonly workingDir: string
}

export interface BuildMetadata {
  readonly buildpacks: readonly UsedBuildpack[]
  readonly extensions: readonly UsedBuildpack[]
  readonly processes: readonly LaunchProcess[]
  /** The lifecycle's version; empty if unknown. */
  readonly launcherVersion: string
}

/** Reads the label. Returns undefined if the image does not have it. @throws CnbError CNB_IMAGE_INVALID for a malformed label */
export function readBuildMetadata(image: Labelled): BuildMetadata | undefined {
  const label = readLabels(image, [BUILD_METADATA_LABEL]).table(BUILD_METADATA_LABEL)
  if (!label) return undefined
  return {
    buildpacks: label.tables('buildpacks').map(readUsed),
    extensions: label.tables('extensions').map(readUsed),
    processes: label.tables('processes').map(readProcess),
    launcherVersion: label.table('launcher')?.string('version') ?? '',
  }
}

function readUsed(used: FieldReader): UsedBuildpack {
  return { id: used.string('id') ?? '', version: used.string('version') ?? '', homepage: used.string('homepage') || undefined }
}

function readProcess(process: FieldReader): LaunchProcess {
  return {
    type: process.string('type') ?? '',
    command: readCommand(process),
    args: process.strings('args'),
    direct: process.boolean('direct') ?? false,
    default: process.boolean('default') ?? false,
    buildpackId: process.string('buildpackID') ?? '',
    workingDir: process.string('working-dir') ?? '',
  }
}

function readCommand(process: FieldReader): string[] {
  const isList = Array.isArray(process.value('command'))
  const command = isList ? undefined : process.string('command')
  return isList ? process.strings('command') : command === undefined ? [] : [command]
}
