/** Writer of Syft's JSON, schema version 16, without suppliers, hashes and copyrights. */

import { VERSION } from '../../base/version.ts'
import { parsePackageUrl } from '../package-url.ts'
import type { Sbom, SbomPackage, SbomSubject } from '../package.ts'
import { contentId } from './content-id.ts'

const SCHEMA = '16.0.0'

/** Syft's words for the types of package URLs: type, and language. */
const TYPES: Readonly<Record<string, readonly [type: string, language: string]>> = {
  npm: ['npm', 'javascript'],
  golang: ['go-module', 'go'],
  pypi: ['python', 'python'],
  maven: ['java-archive', 'java'],
  gem: ['gem', 'ruby'],
  cargo: ['rust-crate', 'rust'],
  composer: ['php-composer', 'php'],
  nuget: ['dotnet', 'dotnet'],
  hex: ['hex', 'elixir'],
  conan: ['conan', 'c++'],
  deb: ['deb', ''],
  rpm: ['rpm', ''],
  apk: ['apk', ''],
  github: ['github-action', ''],
  generic: ['binary', ''],
}

export function writeSyft({ packages, needs }: Sbom, { name, version, isImage }: SbomSubject): object {
  return {
    artifacts: [...packages].map(([key, found]) => artifactOf(key, found)),
    artifactRelationships: [...needs].flatMap(([key, needed]) => [...needed].map((each) => ({ parent: contentId(each), child: contentId(key), type: 'dependency-of' }))),
    files: [],
    source: { id: contentId(name), name, version: version ?? '', type: isImage ? 'image' : 'file', metadata: {} },
    distro: {},
    descriptor: { name: 'cnb', version: VERSION },
    schema: { version: SCHEMA, url: `https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-${SCHEMA}.json` },
  }
}

function artifactOf(key: string, { name, version = '', purl, cpes, licenses, places }: SbomPackage): object {
  const [type, language] = TYPES[parsePackageUrl(purl ?? '')?.type ?? ''] ?? ['UnknownPackage', '']
  return {
    id: contentId(key),
    name,
    version,
    type,
    foundBy: 'cnb-sbom-convert',
    locations: places.flatMap(({ file }) => (file === undefined ? [] : [{ path: `/${file}`, accessPath: `/${file}`, annotations: {} }])),
    licenses: licenses.map(({ text, isExpression, stage = 'declared', url }) => ({ value: text, spdxExpression: isExpression ? text : '', type: stage, urls: url === undefined ? [] : [url], locations: [] })),
    language,
    cpes: cpes.map((cpe) => ({ cpe, source: 'declared' })),
    purl: purl ?? '',
  }
}
