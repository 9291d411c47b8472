/**
 * `/layers/config/metadata.toml`: the builder phase's result for the exporter.
 * See lifecycle platform/files/metadata.go. Buildpacks can write to the file, so every size and type is checked.
 */

import { CnbError } from '../../../base/errors.ts'
import { anyCapitals, FieldReader } from '../../../formats/field-reader.ts'
import { parseTomlData } from '../../../formats/go/toml-data.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { LAYERS_DIR } from '../../phase.ts'
import type { GroupElement } from '../model.ts'
import { exportError } from './export-error.ts'

/** A process type. A list is undefined if the file does not have it, because Go distinguishes it from an empty list. */
export interface BuiltProcess {
  readonly type: string
  readonly command: readonly string[] | undefined
  readonly args: readonly string[] | undefined
  readonly direct: boolean
  readonly default: boolean
  readonly buildpackId: string
  readonly workingDir: string
  readonly execEnv: readonly string[]
}

/** An entry of a bill of materials from before SBOM files (Platform API 0.8 and older). */
export interface BomEntry {
  readonly name: string
  readonly version: string
  readonly metadata: unknown
  readonly buildpack: Pick<GroupElement, 'id' | 'version' | 'homepage' | 'optional'>
}

export interface BuildMetadataToml {
  readonly bom: readonly BomEntry[] | undefined
  readonly buildpacks: readonly GroupElement[] | undefined
  readonly extensions: readonly GroupElement[]
  readonly labels: readonly { readonly key: string; readonly value: string }[]
  readonly processes: readonly BuiltProcess[] | undefined
  readonly slices: readonly { readonly paths: readonly string[] }[]
  /** Empty if no buildpack chose one. */
  readonly defaultProcess: string
}

type Launched = Pick<BuiltProcess, 'command' | 'args'>

const FILE = `${LAYERS_DIR}/config/metadata.toml`

/** Parses the file. @throws CnbError CNB_EXPORT_FAILED if it is missing or invalid TOML, or has too many or mistyped values */
export function readBuildMetadataToml(content: Buffer | undefined, api: ApiVersion): BuildMetadataToml {
  if (content === undefined) throw exportError(`the build phase wrote no ${FILE}`)
  try {
    const fields = new FieldReader(parseTomlData(content, FILE), [], (_path, message) => exportError(`${FILE}: ${message}`), anyCapitals)
    return {
      bom: listed(fields, 'bom', () => fields.tables('bom').map(readBomEntry)),
      buildpacks: listed(fields, 'buildpacks', () => fields.tables('buildpacks').map(readElement)),
      extensions: fields.tables('extensions').map(readElement),
      labels: fields.tables('labels').map((label) => ({ key: label.string('key') ?? '', value: label.string('value') ?? '' })),
      processes: listed(fields, 'processes', () => fields.tables('processes').map((process) => readProcess(process, api))),
      slices: fields.tables('slices').map((slice) => ({ paths: slice.strings('paths') })),
      defaultProcess: fields.string('buildpack-default-process-type') ?? '',
    }
  } catch (error) {
    if (error instanceof CnbError && error.code === 'CNB_DESCRIPTOR_INVALID') throw exportError(error.message, { cause: error })
    throw error
  }
}

function listed<T>(fields: FieldReader, key: string, read: () => T[]): T[] | undefined {
  return fields.value(key) === undefined ? undefined : read()
}

function readElement(element: FieldReader): GroupElement {
  const homepage = element.string('homepage') ?? ''
  return {
    id: element.string('id') ?? '',
    version: element.string('version') ?? '',
    api: element.string('api') ?? '',
    ...(homepage === '' ? {} : { homepage }),
    ...(element.boolean('optional') ? { optional: true } : {}),
  }
}

function readBomEntry(entry: FieldReader): BomEntry {
  const buildpack = entry.table('buildpack')
  return {
    name: entry.string('name') ?? '',
    version: entry.string('version') ?? '',
    metadata: entry.value('metadata'),
    buildpack: buildpack ? readElement(buildpack) : { id: '', version: '' },
  }
}

function readProcess(process: FieldReader, api: ApiVersion): BuiltProcess {
  const command = readCommand(process)
  const args = listed(process, 'args', () => process.strings('args'))
  return {
    type: process.string('type') ?? '',
    ...(hasFeature(api, 'commandList') ? { command, args } : oneCommand(process, command, args)),
    direct: process.boolean('direct') ?? false,
    default: process.boolean('default') ?? false,
    buildpackId: process.string('buildpack-id') ?? '',
    workingDir: process.string('working-dir') ?? '',
    execEnv: process.strings('exec-env'),
  }
}

/** The command is a string before Platform API 0.10, and a list since. */
function readCommand(process: FieldReader): string[] | undefined {
  const command = process.value('command')
  if (command === undefined) return undefined
  return Array.isArray(command) ? process.strings('command') : [process.string('command') ?? '']
}

/** Before Platform API 0.10 a command is one word; further words precede the arguments (lifecycle launch/launch.go). */
function oneCommand(process: FieldReader, command: readonly string[] = [], args: readonly string[] = []): Launched {
  const [word, ...rest] = command
  if (word === undefined) throw process.error('command', `the process '${process.string('type') ?? ''}' has no command`)
  return { command: [word], args: [...rest, ...args] }
}
