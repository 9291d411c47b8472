import { startMemoryRegistry, type MemoryRegistryOptions } from '../../support/fakes/memory-registry.ts'
import { registryContract } from './registry-contract.ts'

const account = { username: 'user', password: 'pass:word' }
const KINDS: [string, MemoryRegistryOptions][] = [
  ['a registry in memory', {}],
  ['one in memory with Basic', { auth: { scheme: 'basic', ...account } }],
  ['one in memory with Bearer', { auth: { scheme: 'bearer', ...account } }],
  ['one in memory that wants chunks and has no list of referrers', { chunkMinimum: 1, chunkMaximum: 8 << 20, referrers: false }],
]

for (const [name, options] of KINDS) {
  registryContract(name, async () => {
    const registry = await startMemoryRegistry(options)
    return {
      address: registry.address,
      keychain: async () => account,
      can: { delete: true, referrers: options.referrers !== false },
      [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
    }
  })
}
