/** The `io.buildpacks.build.metadata` label (lifecycle platform/files/metadata.go, launch/launch.go). */

import { hasFeature } from '../../../formats/api-features.ts'
import type { ApiVersion } from '../../../formats/versions.ts'
import { encodeGoObject, encodeGoString } from '../../../formats/go/json.ts'
import type { GroupElement } from '../model.ts'
import type { BomEntry, BuildMetadataToml, BuiltProcess } from './build-metadata-toml.ts'
import type { LauncherVersion } from './launcher-version.ts'
import { labelJson } from './label-json.ts'

/** Returns the label's JSON. @throws CnbError CNB_EXPORT_FAILED if a BOM entry of an old buildpack has a value that JSON lacks */
export function buildMetadataJson(metadata: BuildMetadataToml, launcher: LauncherVersion, api: ApiVersion): string {
  return encodeGoObject([
    // Since Platform API 0.9 bills of materials are files, and the label has no such key.
    ['bom', hasFeature(api, 'sbomFilesOnly') ? undefined : listOrNull(metadata.bom, bomEntryJson)],
    ['buildpacks', listOrNull(metadata.buildpacks, elementJson)],
    ['extensions', metadata.extensions.length === 0 ? undefined : listOrNull(metadata.extensions, elementJson)],
    ['launcher', launcherJson(launcher)],
    ['processes', listOrNull(metadata.processes, (process) => processJson(process, api))],
    ['buildpack-default-process-type', omitEmpty(metadata.defaultProcess)],
  ])
}

function launcherJson({ version, repository, commit }: LauncherVersion): string {
  const git = encodeGoObject([['repository', encodeGoString(repository)], ['commit', encodeGoString(commit)]])
  return encodeGoObject([['version', encodeGoString(version)], ['source', encodeGoObject([['git', git]])]])
}

function listOrNull<T>(list: readonly T[] | undefined, encode: (item: T) => string): string {
  return list === undefined ? 'null' : `[${list.map(encode).join(',')}]`
}

function omitEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : encodeGoString(text)
}

function elementJson({ id, version, homepage, optional }: Omit<GroupElement, 'api'>): string {
  return encodeGoObject([
    ['id', encodeGoString(id)],
    ['version', encodeGoString(version)],
    ['homepage', omitEmpty(homepage)],
    ['optional', optional ? 'true' : undefined],
  ])
}

function bomEntryJson({ name, version, metadata, buildpack }: BomEntry): string {
  return encodeGoObject([
    ['name', encodeGoString(name)],
    ['version', omitEmpty(version)],
    ['metadata', labelJson(metadata, `the bill of materials' entry '${name}'`)],
    ['buildpack', elementJson(buildpack)],
  ])
}

function processJson(process: BuiltProcess, api: ApiVersion): string {
  return encodeGoObject([
    ['type', encodeGoString(process.type)],
    ['command', hasFeature(api, 'commandList') ? listOrNull(process.command, encodeGoString) : encodeGoString(process.command?.[0] ?? '')],
    ['args', listOrNull(process.args, encodeGoString)],
    ['direct', String(process.direct)],
    ['default', process.default ? 'true' : undefined],
    ['buildpackID', encodeGoString(process.buildpackId)],
    ['working-dir', omitEmpty(process.workingDir)],
    ['exec-env', process.execEnv.length === 0 ? undefined : listOrNull(process.execEnv, encodeGoString)],
  ])
}
