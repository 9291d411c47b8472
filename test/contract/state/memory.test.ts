import { beforeEach } from 'vitest'
import { MemoryState, MemoryStore } from '../../support/fakes/memory-store.ts'
import { describeStore } from './store-contract.ts'

let state: MemoryState

beforeEach(() => {
  state = new MemoryState()
})

describeStore('the store in memory', async () => new MemoryStore(state))
