/** Scenarios of kpack's resources: images with nothing changed. */

import { ImageSet } from './image-set.ts'
import type { Scenario } from './scenarios.ts'

/** Plans or applies images with nothing changed, and lists the refs of their sources. */
export function unchangedImages(title: string, command: 'apply' | 'plan', size: number): Scenario {
  let set: ImageSet | undefined
  return {
    title,
    ways: ['native', 'git'],
    async prepare(bench) {
      set = await ImageSet.start(bench, size)
    },
    measure: (way) => (way === 'native' ? set!.run(command) : set!.list()),
    end: async () => set?.[Symbol.asyncDispose](),
  }
}
