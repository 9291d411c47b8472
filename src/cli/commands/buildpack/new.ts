/** Definition of `cnb buildpack new`. */

import { LANGUAGES, NEW_APIS } from '../../../operations/packages/new/choices.ts'
import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  {
    title: 'Buildpack:',
    options: {
      language: { kind: 'choice', choices: LANGUAGES, default: LANGUAGES[0], flags: '--language <language>', description: 'language of the buildpack' },
      api: { kind: 'choice', choices: NEW_APIS, default: NEW_APIS[0], flags: '-a, --api <version>', description: 'version of the Buildpack API' },
      path: { kind: 'text', flags: '-p, --path <dir>', description: "directory to create (default: the ID's last part)" },
      version: { kind: 'text', flags: '-V, --version <version>', description: 'version of the buildpack (default: 1.0.0)' },
      targets: {
        kind: 'list',
        commas: true,
        flags: '-t, --targets <target>',
        description: 'platform, os/arch[/variant][:distro@version]; repeatable',
      },
    },
  },
] as const satisfies readonly OptionGroup[]

export const newBuildpackCommand = defineCommand({
  name: 'buildpack new',
  summary: 'write a new buildpack',
  description:
    'Writes a directory with a working buildpack, a test, a sample app and a README. The directory must not exist. ' +
    'A buildpack in Go is compiled on this machine; one in TypeScript brings its own Node.js: see its README.',
  argument: { name: 'id', description: 'ID of the buildpack, such as acme/hello' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb buildpack new acme/hello', does: 'write a buildpack in Bash to the directory hello' },
    { line: 'cnb buildpack new acme/hello --language go --targets linux/amd64,linux/arm64', does: 'write one in Go for two platforms' },
  ],
  load: async () => (await import('./new-handler.ts')).runNewBuildpack,
})
