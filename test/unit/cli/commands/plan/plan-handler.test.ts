import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CommandContext } from '../../../../../src/cli/command.ts'
import { runPlan } from '../../../../../src/cli/commands/plan/plan-handler.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'
import { BASES, openResourceBench, yamlOf } from '../../../operations/resources/resource-bench.ts'

test('exits with 3 if there is something to do, with 1 if that cannot be decided, and with 0 otherwise', async () => {
  const bench = await openResourceBench()
  const { path, services } = bench
  const plan = async (yaml: string) => {
    const session = { host: services.remote.host, context: {}, services: services.engine, remote: services.remote, input: [Buffer.from(yaml)], output: 'human' } as unknown as CommandContext
    const outcome = await runPlan('', { files: ['-'], state: join(path, 'state') }, session)
    return { exit: outcome.exit, last: outcome.text(makeTheme(false)).split('\n').at(-1), failures: outcome.failures?.length }
  }
  expect(await plan(yamlOf(BASES, bench.image('shop')))).toEqual({ exit: 3, last: '5 of 5 resources have something to do.', failures: 0 })
  expect(await plan(yamlOf(BASES, bench.image('shop'), bench.image('lost', { builder: 'absent' })))).toEqual({ exit: 1, last: '1 of 6 resources cannot be decided.', failures: 1 })
  expect(await plan('')).toEqual({ exit: undefined, last: 'No resources found', failures: 0 })
})

test.each([
  ['.', { files: ['x'] }, '--filename is for resources, not for a directory'],
  ['', { path: '.', slsa: true }, '--slsa is for resources, not for a directory'],
  ['', { builder: 'x' }, '--builder needs a directory'],
  ['.', { path: '.' }, 'a directory and --path cannot be used together'],
])("refuses options of the other kind of plan: '%s' %j", async (directory, values, message) => {
  await expect(runPlan(directory, values as never, {} as CommandContext)).rejects.toMatchObject({ code: 'CNB_USAGE', message })
})
