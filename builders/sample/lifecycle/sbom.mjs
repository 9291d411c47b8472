// go version -m BINARY | sbom.mjs BINARY VERSION: writes BINARY.sbom.{cdx,spdx,syft}.json, as the lifecycle's official archive
// has them. The exporter puts the launcher's into every image, and warns of each that is missing.

import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

const [, , binary, version] = process.argv
const main = { path: 'github.com/buildpacks/lifecycle', version: `v${version}` }
const modules = readFileSync(0, 'utf8')
  .split('\n')
  .map((line) => line.trim().split('\t'))
  .filter(([kind, path]) => kind === 'dep' && path !== main.path)
  .map(([, path, found]) => ({ path, version: found }))
const all = [main, ...modules].map((module) => ({ ...module, purl: `pkg:golang/${module.path}@${module.version}` }))
const name = basename(binary)

const cdx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { type: 'application', name, version } },
  components: all.map(({ path, version, purl }) => ({ type: 'library', 'bom-ref': purl, name: path, version, purl })),
}

const spdx = {
  spdxVersion: 'SPDX-2.3',
  dataLicense: 'CC0-1.0',
  SPDXID: 'SPDXRef-DOCUMENT',
  name,
  documentNamespace: `https://buildpacks.io/lifecycle/${version}/${name}`,
  creationInfo: { created: '1980-01-01T00:00:01Z', creators: ['Tool: cnb-sample'] },
  packages: all.map(({ path, version, purl }, index) => ({
    SPDXID: `SPDXRef-${index}`,
    name: path,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  })),
}

const syft = {
  artifacts: all.map(({ path, version, purl }) => ({ id: purl, name: path, version, type: 'go-module', language: 'go', purl })),
  source: { type: 'file', target: name },
  schema: { version: '16.0.0' },
}

for (const [format, document] of Object.entries({ cdx, spdx, syft })) {
  writeFileSync(`${binary}.sbom.${format}.json`, `${JSON.stringify(document)}\n`)
}
