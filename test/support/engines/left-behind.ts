/** Finds the containers, volumes and images that `cnb` leaves on the engine. */

import { expect, vi } from 'vitest'
import { OWNER_LABEL } from '../../../src/docker/engine.ts'
import { parseOwner } from '../../../src/base/processes/owner.ts'
import { startedProcesses } from '../cnb.ts'
import { docker } from './docker.ts'
import { IS_OWN_ENGINE } from './own-engine.ts'

interface Item {
  kind: 'container' | 'volume' | 'network' | 'image'
  name: string
  /** The owner label's value, or an image's repository. */
  about: string
  /** The image of a container. */
  image: string
}

/**
 * Lists the engine's objects, and returns a function that returns new ones as `kind name`, after it has waited for removals that the
 * engine completes alone (Container.leave). Objects with the label of another
 * cnb do not count, nor do images of another test run; on an engine that other programs may use
 * at the same time, only objects of the test's cnb count.
 */
export async function watchEngine(): Promise<() => Promise<string[]>> {
  const known = new Set((await items()).map(({ kind, name }) => `${kind} ${name}`))
  const left = async (): Promise<string[]> =>
    (await items())
      .filter((item) => (IS_OWN_ENGINE ? !isAnothers(item) && !isOnTrial(item) : isOurs(item)))
      .map(({ kind, name }) => `${kind} ${name}`)
      .filter((item) => !known.has(item))
  return async () => {
    let found: string[] = []
    const settled = async (): Promise<void> => expect((found = await left())).toEqual([])
    await vi.waitFor(settled, { timeout: 5000, interval: 100 }).catch(() => {})
    return found
  }
}

async function items(): Promise<Item[]> {
  const owner = `{{.Label "${OWNER_LABEL}"}}`
  const listings: [Item['kind'], string[]][] = [
    ['container', ['ps', '--all', '--no-trunc', '--format', `{{.ID}} ${owner} {{.Image}}`]],
    ['volume', ['volume', 'ls', '--format', `{{.Name}} ${owner}`]],
    ['network', ['network', 'ls', '--no-trunc', '--format', `{{.ID}} ${owner}`]],
    ['image', ['image', 'ls', '--all', '--no-trunc', '--format', '{{.ID}} {{.Repository}}']],
  ]
  const found = await Promise.all(
    listings.map(async ([kind, command]) =>
      (await docker(...command)).split('\n').filter(Boolean).map((line): Item => {
        const [name = '', about = '', image = ''] = line.split(' ')
        return { kind, name, about, image }
      }),
    ),
  )
  return found.flat()
}

function isAnothers({ about }: Item): boolean {
  const owner = parseOwner(about)
  return owner !== undefined && !startedProcesses.has(owner.pid)
}

/** Whether an image is from a test's registry (leave-the-engine.test.ts). */
function isOnTrial({ kind, about, image }: Item): boolean {
  return (kind === 'image' ? about : image).startsWith('127.0.0.1:')
}

function isOurs({ kind, name, about }: Item): boolean {
  if (kind === 'image') return about.startsWith('cnb-e2e/')
  return name.includes('cnb-e2e_') || startedProcesses.has(parseOwner(about)?.pid ?? 0)
}
