/** Reads the detector's group.toml (platform.md "group.toml"), which a buildpack may have changed. */

import { CnbError } from '../../../base/errors.ts'
import { isFileName } from '../../../base/file-name.ts'
import { escapeId } from '../../../buildpacks/buildpack-descriptor.ts'
import { anyCapitals, FieldReader } from '../../../formats/field-reader.ts'
import { parseTomlData } from '../../../formats/go/toml-data.ts'
import { parseApiVersion } from '../../../formats/versions.ts'
import type { Group, GroupElement } from '../model.ts'
import { isBuildpackId } from './safe-names.ts'

const MAX_BYTES = 1024 * 1024

/** Parses group.toml. @throws CnbError CNB_DETECT_FAILED if it is invalid */
export function readGroup(toml: string): Group {
  const content = Buffer.from(toml)
  if (content.length > MAX_BYTES) throw invalid(`it is larger than ${MAX_BYTES} bytes`)
  const fields = new FieldReader(parse(content), [], (_path, message) => invalid(message), anyCapitals)
  const group = { buildpacks: readElements(fields, 'group'), extensions: readElements(fields, 'group-extensions') }
  // The detector fails if no buildpack participates, but a file that is just being rewritten may be empty.
  if (group.buildpacks.length + group.extensions.length === 0) throw invalid('it contains no buildpack')
  return group
}

function parse(content: Buffer): Record<string, unknown> {
  try {
    return parseTomlData(content, 'group.toml')
  } catch (error) {
    throw invalid((error as Error).message, error)
  }
}

function readElements(fields: FieldReader, key: string): GroupElement[] {
  const elements = fields.tables(key).map(readElement)
  const ids = new Map<string, string>()
  for (const { id } of elements) {
    const other = ids.get(escapeId(id))
    if (other === id) throw invalid(`'${id}' is in '${key}' twice`)
    if (other !== undefined) throw invalid(`'${other}' and '${id}' in '${key}' have the same directory`)
    ids.set(escapeId(id), id)
  }
  return elements
}

function readElement(fields: FieldReader): GroupElement {
  const id = fields.requiredString('id')
  const version = fields.requiredString('version')
  const api = fields.requiredString('api')
  if (!isBuildpackId(id)) throw invalid(`${JSON.stringify(id)} is not a valid ID`)
  if (!isFileName(version)) throw invalid(`${JSON.stringify(version)} is not a valid version of '${id}'`)
  if (!parseApiVersion(api)) throw invalid(`${JSON.stringify(api)} is not a valid API of '${id}'`)
  const homepage = fields.string('homepage')
  const optional = fields.boolean('optional')
  return { id, version, api, ...(homepage ? { homepage } : {}), ...(optional ? { optional } : {}) }
}

function invalid(problem: string, cause?: unknown): CnbError {
  return new CnbError('CNB_DETECT_FAILED', `cannot read the detector's group.toml: ${problem}`, { cause })
}
