/** Reads all resources of files, and collects their faults. */

import { toCnbError, type SourcePosition } from '../base/errors.ts'
import { isTable } from '../formats/lenient-values.ts'
import { readDocuments, type ResourceDocument, type ResourceFile } from './documents.ts'
import { KINDS } from './kind-list.ts'
import { storageVersion, type Kind } from './kind.ts'
import { fromLegacy, hasUnusedSecrets } from './legacy.ts'
import { nearNames } from './near-names.ts'
import { readResource, type ReadDocument, type ReadOptions, type Report } from './read-resource.ts'
import { positionText, type ResourceFault } from './resource-fault.ts'

export interface ReadResource extends ReadDocument {
  readonly position: SourcePosition
}

export interface ResourceSet {
  /** In the order of the files; of several with one name, the last */
  readonly resources: readonly ReadResource[]
  readonly warnings: readonly string[]
  /** If there is any, nothing may be applied; `resourceError` makes an error of them. */
  readonly faults: readonly ResourceFault[]
}

/** Reads resources from files. Documents that `cnb` has no use for are warnings. */
export function readResources(files: readonly ResourceFile[], options: ReadOptions = {}): ResourceSet {
  const reader = new ResourceReader(options)
  for (const file of files) reader.read(file)
  return reader.result()
}

class ResourceReader {
  readonly #options: ReadOptions
  readonly #resources = new Map<string, ReadResource>()
  readonly #warnings: string[] = []
  readonly #faults: ResourceFault[] = []
  /** Fields without effect, with the position of the first of each */
  readonly #podFields = new Map<string, SourcePosition>()

  constructor(options: ReadOptions) {
    this.#options = options
  }

  read(file: ResourceFile): void {
    try {
      const documents = readDocuments(file)
      this.#warnLegacy(documents)
      for (const document of documents) this.#read(document)
    } catch (thrown) {
      const error = toCnbError(thrown)
      if (error.code !== 'CNB_RESOURCE_INVALID') throw error
      const { message, position = { file: file.file }, hint } = error
      // The error of all faults names the file itself.
      this.#faults.push({ message: message.replace(`cannot read ${file.file}: `, ''), position, ...(hint !== undefined && { hint }) })
    }
  }

  result(): ResourceSet {
    const fields = [...this.#podFields].map(([field, position]) => `${field} (${positionText(position)})`)
    const warnings = fields.length === 0 ? [] : [`these fields have no effect on one machine, and stay for a cluster: ${fields.join(', ')}`]
    return { resources: [...this.#resources.values()], warnings: [...this.#warnings, ...warnings], faults: this.#faults }
  }

  #read(document: ResourceDocument): void {
    const value = fromLegacy(document.value) ?? document.value
    const { apiVersion, kind: name } = value
    const report = this.#reporter(document, value)
    if (typeof apiVersion !== 'string' || typeof name !== 'string') return report.fault([], 'the fields apiVersion and kind are required')
    const [group, versionName] = splitVersion(apiVersion)
    const kind = KINDS.find((known) => known.kind === name && known.group === group)
    if (!kind) return unknownKind(group, apiVersion, name, report)
    const version = Object.hasOwn(kind.versions, versionName) ? kind.versions[versionName] : undefined
    if (!version) return report.fault(['apiVersion'], `the kind has no version "${versionName}"`, `Write "${storageVersion(kind)}".`)
    const read = readResource(kind, version, value, document.file.directory, this.#options, report)
    if (!read) return
    if (hasUnusedSecrets(document.value, value)) report.warn(['spec', 'imagePullSecrets'], "spec.imagePullSecrets has no effect: the image is read with the Secrets of the service account 'default', and with 'docker login'")
    this.#notePodFields(document, kind, read)
    this.#add({ ...read, position: document.position([]) }, report)
  }

  #add(read: ReadResource, report: Report): void {
    const { kind, metadata } = read.resource
    const key = JSON.stringify([kind, metadata.namespace, metadata.name])
    if (this.#resources.has(key)) report.warn([], 'it is defined twice; the last definition counts')
    this.#resources.delete(key)
    this.#resources.set(key, read)
  }

  #reporter(document: ResourceDocument, { kind, metadata }: Record<string, unknown>): Report {
    const name = isTable(metadata) && typeof metadata['name'] === 'string' ? ` ${metadata['name']}` : ''
    const what = typeof kind === 'string' ? `${kind}${name}: ` : ''
    return {
      fault: (path, message, hint) => {
        this.#faults.push({ message: what + message, position: document.position(path), ...(hint !== undefined && { hint }) })
      },
      warn: (path, message) => {
        this.#warnings.push(`${positionText(document.position(path))}: ${what}${message}`)
      },
    }
  }

  /** Warns once for a file. */
  #warnLegacy(documents: readonly ResourceDocument[]): void {
    const legacy = documents.find(({ value }) => fromLegacy(value))
    if (legacy) this.#warnings.push(`${legacy.file.file}: ${String(legacy.value['apiVersion'])} is from kpack's first years; it is read as kpack.io/v1alpha2`)
  }

  #notePodFields(document: ResourceDocument, { podFields = [] }: Kind, { written }: ReadDocument): void {
    for (const field of podFields) {
      const path = field.split('.')
      const value = path.reduce<unknown>((inner, key) => (isTable(inner) ? inner[key] : undefined), written)
      const name = path.at(-1) ?? field
      if (value !== undefined && !this.#podFields.has(name)) this.#podFields.set(name, document.position(path))
    }
  }
}

/** Returns group and version: `kpack.io` and `v1alpha2`. */
function splitVersion(apiVersion: string): [string, string] {
  const slash = apiVersion.indexOf('/')
  return [apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1)]
}

function unknownKind(group: string, apiVersion: string, name: string, report: Report): void {
  if (group !== 'kpack.io') return report.warn([], `it is not applied: cnb has no use for ${name} of ${apiVersion}`)
  const [near] = nearNames(name, KINDS.map(({ kind }) => kind))
  report.fault(['kind'], `kpack has no kind "${name}"`, near === undefined ? undefined : `Did you mean "${near}"?`)
}
