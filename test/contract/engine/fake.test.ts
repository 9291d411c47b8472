import { FakeEngine } from '../../support/fakes/fake-engine.ts'
import { engineContract } from './engine-contract.ts'
import { fakeTool } from './tool.ts'

for (const imageStore of ['graphdriver', 'containerd'] as const) {
  engineContract(`FakeEngine with a ${imageStore} store`, async () => {
    const engine = new FakeEngine({ imageStore })
    engine.programs.set('/tool', fakeTool)
    return { engine, tool: Buffer.from('tool'), connectLast: async () => engine }
  })
}
