/** Definition of `cnb extension new`. */

import { NEW_APIS } from '../../../operations/packages/new/choices.ts'
import { defineCommand, MAKING_FORMATS, type OptionGroup } from '../../command.ts'

const groups = [
  {
    title: 'Extension:',
    options: {
      api: { kind: 'choice', choices: NEW_APIS, default: NEW_APIS[0], flags: '-a, --api <version>', description: 'version of the Buildpack API' },
      path: { kind: 'text', flags: '-p, --path <dir>', description: "directory to create (default: the ID's last part)" },
      version: { kind: 'text', flags: '-V, --version <version>', description: 'version of the extension (default: 1.0.0)' },
    },
  },
] as const satisfies readonly OptionGroup[]

export const newExtensionCommand = defineCommand({
  name: 'extension new',
  summary: 'write a new image extension',
  description:
    'Writes a directory with a working image extension in Bash, a test and a README. It extends the build image and the run image. ' +
    'The directory must not exist.',
  argument: { name: 'id', description: 'ID of the extension, such as acme/packages' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb extension new acme/packages', does: 'write an extension to the directory packages' },
    { line: 'cnb extension new acme/packages --path extensions/packages --version 0.1.0', does: 'write it to another directory' },
  ],
  load: async () => (await import('../buildpack/new-handler.ts')).runNewExtension,
})
