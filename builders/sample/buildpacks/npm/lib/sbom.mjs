// sbom.mjs LOCKFILE: a CycloneDX 1.5 document of the packages that the lock file installs for production, to stdout. It has
// no time and no serial number: the same lock file gives the same bytes.

import { readFileSync } from 'node:fs'

const lock = JSON.parse(readFileSync(process.argv[2], 'utf8'))

/** A lock file of version 2 or 3: paths like `node_modules/a/node_modules/@b/c`; links are local packages. */
const fromPackages = (packages) =>
  Object.entries(packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.link)
    .map(([path, entry]) => ({ ...entry, name: entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length) }))

/** Version 1: a tree of names. */
const fromDependencies = (dependencies = {}) =>
  Object.entries(dependencies).flatMap(([name, entry]) => [{ ...entry, name }, ...fromDependencies(entry.dependencies)])

const hashes = (integrity = '') =>
  [...integrity.matchAll(/\b(sha1|sha256|sha384|sha512)-([A-Za-z0-9+/=]+)/g)].map(([, algorithm, base64]) => ({
    alg: algorithm === 'sha1' ? 'SHA-1' : `SHA-${algorithm.slice(3)}`,
    content: Buffer.from(base64, 'base64').toString('hex'),
  }))

const component = ({ name, version, license, integrity }) => {
  const at = name.lastIndexOf('/')
  const purl = `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`
  return {
    type: 'library',
    'bom-ref': purl,
    ...(at > 0 && { group: name.slice(0, at) }),
    name: name.slice(at + 1),
    version,
    purl,
    ...(typeof license === 'string' && { licenses: [/ (OR|AND|WITH) /.test(license) ? { expression: license } : { license: { name: license } }] }),
    ...(integrity && { hashes: hashes(integrity) }),
  }
}

const entries = lock.packages ? fromPackages(lock.packages) : fromDependencies(lock.dependencies)
const components = new Map(
  entries
    .filter(({ dev, version }) => !dev && typeof version === 'string')
    .map(component)
    .map((found) => [found.purl, found]),
)
const sorted = [...components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1))
console.log(JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components: sorted }))
