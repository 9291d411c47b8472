/** Owners of objects on an engine, for tests of orphans. */

import type { OrphanSearch } from '../../../src/docker/orphans.ts'
import { ownerLabel } from '../../../src/base/processes/owner.ts'

export const ANY_OWNER = ownerLabel({ hostname: 'here', space: 'boot/1', pid: 4711, startTime: '10' })

/** A search for orphans for which every owner has ended. */
export const deadOwners: OrphanSearch = { space: 'boot/1', hasEnded: async () => true, now: Date.now }
