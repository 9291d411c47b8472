/** Definition of `cnb trigger`. */

import { defineCommandOnSeveral, MAKING_FORMATS, type OptionGroup } from '../../command.ts'
import { namespace, reconciliation, registries, state } from '../../options/resources.ts'

const groups = [{ title: 'Trigger:', options: { namespace, state } }, reconciliation, registries] as const satisfies readonly OptionGroup[]

export const triggerCommand = defineCommandOnSeveral({
  name: 'trigger',
  summary: 'build an image although nothing changed',
  description: 'Builds an Image again for the reason TRIGGER, and waits until it is ready or failed.',
  argument: { name: 'kind', description: "'image' and its name, or image/NAME", second: '[name]' },
  formats: MAKING_FORMATS,
  groups,
  examples: [
    { line: 'cnb trigger image shop', does: 'build an image again' },
    { line: 'cnb trigger image/shop -n team', does: 'build an image of another namespace again' },
  ],
  load: async () => (await import('./trigger-handler.ts')).runTrigger,
})
