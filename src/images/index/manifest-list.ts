/** Edits a manifest list: an index for later publication, as pack keeps it. */

import { CnbError } from '../../base/errors.ts'
import { recordOf, recordsOf, stringMapOf } from '../../formats/lenient-values.ts'
import type { Descriptor } from '../../oci/descriptor.ts'
import type { Digest } from '../../oci/digest.ts'
import { encodeIndex } from '../../oci/image-index.ts'
import { readIndex } from '../../oci/manifest.ts'

/** The fields of an entry to change; undefined keeps a field. */
export interface EntryChange {
  readonly os?: string | undefined
  readonly arch?: string | undefined
  readonly variant?: string | undefined
  /** Added to those of the entry. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** Returns the list with the entry, which replaces one of the same digest. @param name the list's name in errors */
export function withEntry(list: Buffer, entry: Descriptor, name: string): Buffer {
  const [added] = entriesOf(encodeIndex({ manifests: [entry] }), name)
  return withEntries(list, name, (entries) => [...entries.filter(({ digest }) => digest !== entry.digest), added!])
}

/** Returns the list without the entry. @throws CnbError CNB_IMAGE_NOT_FOUND if the list does not have it */
export function withoutEntry(list: Buffer, digest: Digest, name: string): Buffer {
  checkEntry(list, digest, name)
  return withEntries(list, name, (entries) => entries.filter((entry) => entry.digest !== digest))
}

/** Returns the list with a changed entry, at its place. @throws CnbError CNB_IMAGE_NOT_FOUND if the list does not have it */
export function withChange(list: Buffer, digest: Digest, { os, arch, variant, annotations = {} }: EntryChange, name: string): Buffer {
  checkEntry(list, digest, name)
  const platform = { ...(arch === undefined ? {} : { architecture: arch }), ...(os === undefined ? {} : { os }), ...(variant === undefined ? {} : { variant }) }
  return withEntries(list, name, (entries) => entries.map((entry) => {
    if (entry.digest !== digest) return entry
    const all = { ...stringMapOf(entry.annotations), ...annotations }
    return { ...entry, ...(Object.keys(all).length > 0 ? { annotations: all } : {}), platform: { ...recordOf(entry.platform), ...platform } }
  }))
}

function checkEntry(list: Buffer, digest: Digest, name: string): void {
  if (readIndex(list, name).some((entry) => entry.digest === digest)) return
  throw new CnbError('CNB_IMAGE_NOT_FOUND', `the manifest list '${name}' has no entry ${digest}`, { hint: `See its entries with 'cnb manifest inspect ${name}'.` })
}

function withEntries(list: Buffer, name: string, change: (entries: Record<string, unknown>[]) => Record<string, unknown>[]): Buffer {
  const manifests = change(entriesOf(list, name))
  const changed = Buffer.from(JSON.stringify({ ...recordOf(JSON.parse(list.toString())), manifests }))
  readIndex(changed, name)
  return changed
}

function entriesOf(list: Buffer, name: string): Record<string, unknown>[] {
  readIndex(list, name)
  return recordsOf(recordOf(JSON.parse(list.toString())).manifests)
}
