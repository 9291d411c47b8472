/** Definition of `cnb version`. */

import { VERSION } from '../../../base/version.ts'
import { defineCommand, SHOWING_FORMATS } from '../../command.ts'

export const versionCommand = defineCommand({
  name: 'version',
  summary: 'print the version',
  description: 'Prints the version, as --version does.',
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb version', does: 'print the version' },
    { line: 'cnb version --output json | jq -r .version', does: 'pass it to a program' },
  ],
  load: async () => async () => ({ data: { version: VERSION }, line: VERSION, text: () => VERSION }),
})
