/** Reader of CycloneDX JSON, versions 1.2 to 1.7. */

import type { JsonFields } from '../json-fields.ts'
import { licenseOf } from '../licenses.ts'
import type { SbomDocument, SbomLicense, SbomPackage } from '../package.ts'
import { placesOf } from '../place-property.ts'

/** Components may contain components; files are not packages. */
export function readCycloneDx(document: JsonFields): SbomDocument {
  const packages: { ref: string | undefined; package: SbomPackage }[] = []
  for (const queue = [document]; queue.length > 0; ) {
    const components = queue.pop()!.objects('components')
    for (const component of components) {
      if (component.string('type') !== 'file') packages.push({ ref: component.string('bom-ref'), package: packageOf(component) })
      queue.push(component)
    }
  }
  return {
    packages,
    needs: document.objects('dependencies').flatMap((entry) => {
      const from = entry.required('ref')
      return entry.strings('dependsOn').map((to) => ({ from, to }))
    }),
    created: document.object('metadata')?.string('timestamp'),
  }
}

function packageOf(component: JsonFields): SbomPackage {
  const supplier = component.object('supplier') ?? component.object('manufacturer')
  const links = component.objects('externalReferences')
  const link = (type: string): string | undefined => links.find((each) => each.string('type') === type)?.string('url')
  const properties = component.objects('properties').map((each) => [each.string('name') ?? '', each.string('value') ?? ''] as const)
  const supplierName = supplier?.string('name')
  return {
    name: component.required('name'),
    group: component.string('group'),
    version: component.string('version'),
    kind: component.string('type') ?? 'library',
    purl: component.string('purl'),
    cpes: [...new Set([component.string('cpe'), ...properties.map(([name, value]) => (name === 'syft:cpe23' ? value : undefined))].filter((cpe) => cpe !== undefined))],
    licenses: component.objects('licenses').flatMap((entry) => licensesOf(entry)),
    hashes: component.objects('hashes').map((hash) => ({ algorithm: hash.required('alg'), value: hash.required('content') })),
    supplier: supplierName === undefined ? undefined : { name: supplierName, isPerson: false, url: supplier?.strings('url')[0] },
    author: component.objects('authors')[0]?.string('name') ?? component.string('author') ?? component.string('publisher'),
    copyright: component.string('copyright'),
    description: component.string('description'),
    homepage: link('website'),
    download: link('distribution'),
    places: placesOf(properties),
  }
}

function licensesOf(entry: JsonFields): SbomLicense[] {
  const license = entry.object('license')
  const stage = stageOf((license ?? entry).string('acknowledgement'))
  if (!license) return licenseOf(entry.string('expression'), stage, entry, 'expression')
  const key = license.has('id') ? 'id' : 'name'
  return licenseOf(license.string(key), stage, license, key, license.string('url'))
}

function stageOf(text: string | undefined): SbomLicense['stage'] {
  return text === 'declared' || text === 'concluded' ? text : undefined
}
