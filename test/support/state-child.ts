/** A process that uses a state directory until tests of the store kill it: `write`, `lock` or `log`. */

import { hostname } from 'node:os'
import { currentOwner } from '../../src/base/processes/owner.ts'
import { openStateDirectory } from '../../src/state/directory/directory-store.ts'
import { stateProcess } from '../../src/state/directory/state-process.ts'

const [, , work, directory = ''] = process.argv
const store = await openStateDirectory(directory, stateProcess(await currentOwner(hostname(), process.pid)))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** Keeps the process running: a beat alone does not. */
setInterval(() => {}, 1000)

if (work === 'write') {
  const resource = { apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name: 'app', namespace: 'default' } }
  for (let count = 1; ; count++) {
    // All parts of a resource have one number.
    const { version } = await store.write({ ...resource, spec: { parts: Array.from({ length: 200 }, () => count) } })
    const key = { type: { group: 'kpack.io', kind: 'Image' }, namespace: 'default', name: 'app' }
    await store.writeStatus(key, { count }, version).then(
      () => say('written'),
      (error: unknown) => say(String(error)),
    )
  }
} else if (work === 'lock') {
  await store.lock()
  say('ready')
} else {
  const log = await store.openLog({ namespace: 'default', name: 'app-build-1' })
  log.write('one')
  say('ready')
}
