/** Reader of Syft's JSON: all versions of its schema. */

import type { JsonFields } from '../json-fields.ts'
import { cycloneDxAlgorithm } from '../hash-names.ts'
import { licenseOf } from '../licenses.ts'
import type { SbomDocument, SbomLicense, SbomPackage } from '../package.ts'

export function readSyft(document: JsonFields): SbomDocument {
  const relations = document.objects('artifactRelationships')
  return {
    packages: document.objects('artifacts').map((artifact) => ({ ref: artifact.string('id'), package: packageOf(artifact) })),
    needs: relations.flatMap((each) => (each.string('type') === 'dependency-of' ? [{ from: each.required('child'), to: each.required('parent') }] : [])),
  }
}

/** The members of the metadata depend on the kind of package. */
function packageOf(artifact: JsonFields): SbomPackage {
  const metadata = artifact.object('metadata')
  return {
    name: artifact.required('name'),
    version: artifact.string('version'),
    kind: 'library',
    purl: artifact.string('purl'),
    cpes: [...new Set(artifact.mixed('cpes').flatMap((cpe) => (typeof cpe === 'string' ? cpe : (cpe.string('cpe') ?? []))))],
    licenses: artifact.mixed('licenses').flatMap((license) => (typeof license === 'string' ? licenseOf(license, undefined, artifact, 'licenses') : licensesOf(license))),
    hashes: (metadata?.has('digest') ? metadata.objects('digest') : []).map((digest) => ({ algorithm: cycloneDxAlgorithm(digest.required('algorithm').toUpperCase()), value: digest.required('value') })),
    author: metadata?.textOnly('author') ?? metadata?.textOnly('maintainer'),
    description: metadata?.textOnly('description'),
    homepage: metadata?.textOnly('homepage'),
    places: [],
  }
}

/** The value is the package's text; the expression is empty if the text is not a valid one. */
function licensesOf(license: JsonFields): SbomLicense[] {
  const key = license.string('spdxExpression') === undefined ? 'value' : 'spdxExpression'
  return licenseOf(license.string(key), license.string('type') === 'concluded' ? 'concluded' : 'declared', license, key, license.strings('urls')[0])
}
