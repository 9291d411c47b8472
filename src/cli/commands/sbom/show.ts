/** Definition of `cnb sbom show`. */

import { defineCommand, type OptionGroup } from '../../command.ts'
import { place } from '../../options/place.ts'

const groups = [
  {
    title: 'Show:',
    options: {
      failOn: { kind: 'list', flags: '--fail-on <rule>', description: 'rule, license=GLOB or package=NAME[@RANGE]; repeatable' },
    },
  },
  place,
] as const satisfies readonly OptionGroup[]

export const showSbomCommand = defineCommand({
  name: 'sbom show',
  summary: "list an image's packages and their licences",
  description:
    "Lists the packages of an app image's software bills of materials with version, licences, and the buildpack and layer that brought them. Reads CycloneDX, SPDX 2 and Syft JSON. " +
    'With --fail-on, packages that break a rule are listed last, and the exit code is 4.',
  argument: { name: 'image', description: 'app image, SBOM file (*.json, ./FILE) or - for stdin' },
  formats: ['human', 'json', 'yaml', 'markdown'],
  groups,
  examples: [
    { line: 'cnb sbom show my-app', does: 'list packages by buildpack and layer' },
    { line: "cnb sbom show my-app --fail-on 'license=GPL-3.0*' --fail-on license=none", does: 'fail for a licence, and for unknown ones' },
    { line: "cnb sbom show my-app --fail-on 'package=lodash@<4.17.21' -o markdown", does: 'fail for old versions; print tables for a job' },
  ],
  load: async () => (await import('./show-handler.ts')).runShowSbom,
})
