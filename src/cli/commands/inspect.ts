/** Definition of `cnb inspect`. */

import { defineCommand, SHOWING_FORMATS, type OptionGroup } from '../command.ts'
import { place } from '../options/place.ts'

const groups = [
  { title: 'Inspect:', options: { layers: { kind: 'flag', flags: '--layers', description: 'sizes of the layers by maker, of any image' } } },
  place,
] as const satisfies readonly OptionGroup[]

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: "show an image's buildpacks, processes and layers",
  description:
    "Shows an app image's run image, buildpacks, processes and layer sizes. Reads the image from the engine, or from its registry if " +
    'the engine is unavailable or does not have it.',
  argument: { name: 'image', description: 'image built by buildpacks; oci:DIR[:TAG] for an OCI layout' },
  formats: SHOWING_FORMATS,
  groups,
  examples: [
    { line: 'cnb inspect my-app', does: 'show an image' },
    { line: 'cnb inspect my-app --layers', does: 'show where the bytes of an image come from' },
    { line: 'cnb inspect my-app --output json | jq .processes', does: 'pass its processes to a program' },
    { line: 'cnb inspect registry.example/team/app:1.0 --remote', does: 'read from the registry, without an engine' },
    { line: 'cnb inspect oci:./out:1.0', does: 'show an image in an OCI layout' },
  ],
  load: async () => (await import('./inspect-handler.ts')).runInspect,
})
