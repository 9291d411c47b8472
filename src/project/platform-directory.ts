/** The files of `/platform`: variables (platform.md) and bindings (extensions/bindings.md). */

import { X509Certificate } from 'node:crypto'
import type { TarEntry } from '../archive/tar/tar-writer.ts'
import { CnbError } from '../base/errors.ts'
import type { Binding } from './binding.ts'
import { envNameProblem } from './env.ts'

/** The binding of private certificate authorities, and its type, which CA certificate buildpacks look for. */
export const CA_CERTIFICATES = 'ca-certificates'

/**
 * Returns entries for a tar to be extracted at `/`: `platform/env/<NAME>` with the value's exact bytes, and
 * `platform/bindings/<name>/<file>`, where `<file>` may be in a directory (`metadata/kind`), owned by root, readable by everyone, in bytewise order.
 * @throws CnbError CNB_USAGE for an invalid file name
 */
export function platformEntries(contents: { env: ReadonlyMap<string, string>; bindings?: readonly Binding[] }): TarEntry[] {
  const { env, bindings = [] } = contents
  const variables = [...env].map(([name, value]) => file(`platform/env/${fileName(name)}`, Buffer.from(value)))
  const bound = bindings.flatMap(({ name, files }) => {
    const path = `platform/bindings/${fileName(name)}`
    const contents = [...files].map(([each, content]) => ({ names: each.split('/').map(fileName), content }))
    const inner = new Set(contents.flatMap(({ names }) => names.slice(0, -1).map((_, at) => names.slice(0, at + 1).join('/'))))
    return [directory(path), ...[...inner].map((each) => directory(`${path}/${each}`)), ...contents.map(({ names, content }) => file(`${path}/${names.join('/')}`, content))]
  })
  const parents = ['platform', 'platform/env', ...(bound.length > 0 ? ['platform/bindings'] : [])].map(directory)
  return [...parents, ...variables.sort(byName), ...bound.sort(byName)]
}

/**
 * Returns the binding that passes private certificate authorities to buildpacks.
 * @param pems certificate files, each with at least one certificate
 * @throws CnbError CNB_USAGE with the file's name if it has no certificate, or an invalid one
 */
export function caBinding(pems: readonly { file: string; pem: Buffer }[]): Binding {
  const certificates = pems.flatMap(({ file: name, pem }) => certificatesIn(pem, name))
  // One file per certificate, because buildpacks may read only the first certificate of a file.
  const files = certificates.map((certificate, index): [string, Buffer] => [
    `certificate-${index + 1}.pem`,
    Buffer.from(`${certificate}\n`),
  ])
  return { name: CA_CERTIFICATES, files: new Map([['type', Buffer.from(CA_CERTIFICATES)], ...files]) }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function certificatesIn(pem: Buffer, name: string): string[] {
  const found = pem.toString('latin1').match(CERTIFICATE) ?? []
  const hint = 'Pass a PEM file with at least one "BEGIN CERTIFICATE" block.'
  if (found.length === 0) throw new CnbError('CNB_USAGE', `${name} has no PEM certificate`, { hint })
  for (const certificate of found) {
    try {
      new X509Certificate(certificate)
    } catch (error) {
      throw new CnbError('CNB_USAGE', `cannot read a certificate in ${name}: ${(error as Error).message}`, {
        hint,
        cause: error,
      })
    }
  }
  return found
}

function fileName(name: string): string {
  const problem = envNameProblem(name)
  if (problem) throw new CnbError('CNB_USAGE', `${JSON.stringify(name)} is not a valid file name below /platform: ${problem}`)
  return name
}

const OWNER = { uid: 0, gid: 0, mtime: 0 }

function directory(name: string): TarEntry {
  return { type: 'directory', name, mode: 0o755, ...OWNER }
}

function file(name: string, content: Buffer): TarEntry {
  return { type: 'file', name, mode: 0o644, ...OWNER, size: content.length, content }
}

function byName(a: TarEntry, b: TarEntry): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
}
