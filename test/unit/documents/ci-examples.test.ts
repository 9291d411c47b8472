/** The workflows in docs/ci.md, as actionlint and the actions see them. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { readAction } from '../../support/ci/action-runner.ts'
import { codeBlocks } from '../../support/documents/markdown.ts'

const ROOT = join(import.meta.dirname, '../../..')

interface Workflow {
  readonly jobs: Record<string, { readonly steps: readonly { readonly id?: string; readonly uses?: string; readonly with?: object }[] }>
}

const WORKFLOWS = codeBlocks(readFileSync(join(ROOT, 'docs/ci.md'), 'utf8')).filter(({ language, text }) => language === 'yaml' && text.includes('runs-on:')).map(({ text }) => text)

it('has a workflow for builds and one for rebases', () => {
  expect(WORKFLOWS.map((text) => (parse(text) as { name: string }).name)).toEqual(['image', 'rebase'])
})

it.skipIf(spawnSync('actionlint', ['--version']).error).each(WORKFLOWS)('passes actionlint: %#', (text) => {
  const { stdout, status } = spawnSync('actionlint', ['-no-color', '-'], { input: text, encoding: 'utf8' })
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
})

it.each(WORKFLOWS)('uses only inputs and outputs that the actions have: %#', async (text) => {
  const steps = Object.values((parse(text) as Workflow).jobs).flatMap((job) => job.steps)
  const ours = steps.filter(({ uses }) => uses?.startsWith('OWNER/cnb'))
  expect(ours).toHaveLength(1)
  for (const { id, uses = '', with: inputs = {} } of ours) {
    const action = await readAction(join(ROOT, uses.replace(/^OWNER\/cnb|@.*$/g, '')))
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(inputs)))
    for (const [, step, output] of text.matchAll(/steps\.(\w+)\.outputs\.([\w-]+)/g)) {
      expect(step).toBe(id)
      expect(Object.keys(action.outputs)).toContain(output)
    }
  }
})
