/** `io.buildpacks.project.metadata`: project-metadata.toml as JSON (lifecycle platform/files/project_metadata.go). */

import { isTable } from '../../../formats/field-reader.ts'
import { parseTomlData } from '../../../formats/toml-data.ts'
import { encodeGoObject, encodeGoValue, isGoEmpty } from '../../../oci/go-json.ts'
import { tomlDataJson } from './toml-json.ts'

/** @param toml our own project-metadata.toml; without one the label is an empty object */
export function projectMetadataJson(toml: string | undefined): string {
  const { source } = toml === undefined ? {} : parseTomlData(Buffer.from(toml), 'project-metadata.toml')
  if (!isTable(source)) return '{}'
  const table = (value: unknown): string | undefined => (isGoEmpty(value) ? undefined : tomlDataJson(value, 'project-metadata.toml'))
  const { type, version, metadata } = source
  return encodeGoObject([
    [
      'source',
      encodeGoObject([
        ['type', isGoEmpty(type) ? undefined : encodeGoValue(type)],
        ['version', table(version)],
        ['metadata', table(metadata)],
      ]),
    ],
  ])
}
