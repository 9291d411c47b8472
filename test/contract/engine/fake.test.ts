import { FakeEngine } from '../../support/fake-engine.ts'
import { engineContract } from './engine-contract.ts'
import { fakeTool } from './tool.ts'

engineContract('FakeEngine', async () => {
  const engine = new FakeEngine()
  engine.programs.set('/tool', fakeTool)
  return { engine, tool: Buffer.from('tool') }
})
