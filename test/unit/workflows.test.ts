/** The workflows in .github: what actionlint, which CI runs, does not check. */

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const GITHUB = join(import.meta.dirname, '../../.github')
const WORKFLOWS = readdirSync(join(GITHUB, 'workflows'))
const textOf = (name: string): string => readFileSync(join(GITHUB, 'workflows', name), 'utf8')

interface Workflow {
  on: Record<string, unknown>
  permissions: unknown
  jobs: Record<string, { permissions: unknown; 'timeout-minutes': unknown }>
}

/** Lines that use an action without its commit, or without the version that the commit is. */
function unpinned(text: string): string[] {
  const uses = text.split('\n').map((line) => line.trim()).filter((line) => /\buses:/.test(line))
  return uses.filter((line) => !/^(?:- )?uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))
}

describe.each(WORKFLOWS)('the workflow %s', (name) => {
  const workflow = parse(textOf(name)) as Workflow

  it('uses each action by its commit, and names the version', () => {
    expect(textOf(name)).toMatch(/\buses:/)
    expect(unpinned(textOf(name))).toEqual([])
  })

  it('grants permissions to a job only, and ends a job that hangs', () => {
    expect(workflow.permissions).toEqual({})
    for (const job of Object.values(workflow.jobs)) expect(job).toMatchObject({ permissions: expect.any(Object) as object, 'timeout-minutes': expect.any(Number) as number })
  })

  it('hands no secret to a pull request', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target')
    expect(textOf(name)).not.toMatch(/\bsecrets\b/)
  })
})

it.each([
  '- uses: actions/checkout@v7',
  '- uses: actions/checkout@v7.0.1 # v7.0.1',
  '- uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1',
  '- {uses: actions/checkout@v7}',
  '- uses: "actions/checkout@v7"',
])('an action that is not pinned is found: %s', (line) => {
  expect(unpinned(`    steps:\n      ${line}\n`)).toEqual([line])
})

it('dependabot updates npm packages and actions', () => {
  const { updates } = parse(readFileSync(join(GITHUB, 'dependabot.yml'), 'utf8')) as { updates: Record<string, unknown>[] }
  expect(updates.map((each) => each['package-ecosystem'])).toEqual(['npm', 'github-actions'])
})
