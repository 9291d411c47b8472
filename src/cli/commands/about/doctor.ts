/** Definition of `cnb doctor`. */

import { defineCommandOnSeveral, SHOWING_FORMATS, type OptionGroup } from '../../command.ts'
import { insecureRegistries, registryCaCerts } from '../../options/registry.ts'

const groups = [
  {
    title: 'Registries:',
    options: {
      publish: { kind: 'flag', flags: '--publish', description: 'check that the images can be pushed' },
      insecureRegistries,
      caCerts: registryCaCerts,
    },
  },
] as const satisfies readonly OptionGroup[]

export const doctorCommand = defineCommandOnSeveral({
  name: 'doctor',
  summary: 'check whether a build would work',
  description:
    "Checks the engine, its store and disk, registries, credentials, proxies, certificates, directories and clocks, and prints the remedy for each problem. Changes nothing. The exit code is 0 if a build would work, 125 without an engine, and 1 for any other problem. Without arguments, the registry of the default builder is checked.",
  argument: { name: 'registry-or-image', description: 'registries to contact, and images to find', several: true },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb doctor', does: 'check this machine, its engine and the default builder' },
    { line: 'cnb doctor --publish registry.example/team/app', does: 'check also that an image can be pushed' },
    { line: 'cnb doctor --output json | jq .canBuild', does: 'pass the result to a program' },
  ],
  load: async () => (await import('./doctor-handler.ts')).runDoctor,
})
