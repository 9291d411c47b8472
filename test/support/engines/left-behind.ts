/** Counting what `cnb` leaves on the engine. */

import { OWNER_LABEL } from '../../../src/docker/engine.ts'
import { parseOwner } from '../../../src/docker/owner.ts'
import { startedProcesses } from '../cnb.ts'
import { docker } from './docker.ts'
import { IS_OWN_ENGINE } from './own-engine.ts'

interface Item {
  kind: 'container' | 'volume' | 'network' | 'image'
  name: string
  /** The owner label's value, or an image's repository. */
  about: string
  /** A container's. */
  image: string
}

/**
 * Looks at the engine now, and gives a function that tells what is there later and was not before, as `kind name`. What another
 * cnb's label is on does not count, nor do images of another run that are tried here; on an engine that anybody may use
 * meanwhile, only what a test's own cnb made does.
 */
export async function watchEngine(): Promise<() => Promise<string[]>> {
  const known = new Set((await items()).map(({ kind, name }) => `${kind} ${name}`))
  return async () =>
    (await items())
      .filter((item) => (IS_OWN_ENGINE ? !isAnothers(item) && !isOnTrial(item) : isOurs(item)))
      .map(({ kind, name }) => `${kind} ${name}`)
      .filter((item) => !known.has(item))
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

/** From a test's registry (leave-the-engine.test.ts). */
function isOnTrial({ kind, about, image }: Item): boolean {
  return (kind === 'image' ? about : image).startsWith('127.0.0.1:')
}

function isOurs({ kind, name, about }: Item): boolean {
  if (kind === 'image') return about.startsWith('cnb-e2e/')
  return name.includes('cnb-e2e_') || startedProcesses.has(parseOwner(about)?.pid ?? 0)
}
