import { startRegistry } from '../../support/registry/registry.ts'
import { registryContract } from '../../contract/registry/registry-contract.ts'

registryContract("Debian's docker-registry", async () => {
  const registry = await startRegistry()
  return { address: registry.address, can: { delete: false, referrers: false }, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() }
})
