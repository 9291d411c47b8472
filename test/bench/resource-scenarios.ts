/** Scenarios of kpack's resources: images with nothing changed, and a patched stack. */

import { ImageSet } from './image-set.ts'
import type { Scenario } from './scenarios.ts'

/** Plans or applies images with nothing changed, and lists the refs of their sources. */
export function unchangedImages(title: string, command: 'apply' | 'plan', size: number): Scenario {
  let set: ImageSet | undefined
  return {
    title,
    ways: ['native', 'git'],
    async prepare(bench) {
      set = await ImageSet.start(bench, size, { counted: true })
    },
    measure: (way) => (way === 'native' ? set!.run(command) : set!.list()),
    end: async () => set?.[Symbol.asyncDispose](),
  }
}

/** Rebases all images onto a patched run image: by an application, and by `cnb rebase` of their list. */
export function patchedStack(title: string, size: number): Scenario {
  let set: ImageSet | undefined
  return {
    title,
    ways: ['native', 'listed'],
    async prepare(bench) {
      set = await ImageSet.start(bench, size)
    },
    async measure(way) {
      await set!.patch()
      return way === 'native' ? set!.run('apply') : set!.rebase()
    },
    end: async () => set?.[Symbol.asyncDispose](),
  }
}
