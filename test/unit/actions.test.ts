/** The actions in action.yml and .github/actions: their form, and the way of inputs into scripts. */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseAction } from '@actions/workflow-parser/actions/index'
import { describe, expect, it } from 'vitest'
import { readAction, readEnvironmentFile } from '../support/ci/action-runner.ts'
import { readLog } from '../support/ci/job-log.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCRIPTS = join(ROOT, '.github/actions')
const SILENT = { error: () => {}, info: () => {}, verbose: () => {} }
const ACTIONS = ['.', '.github/actions/rebase']
const PROGRAMS = readdirSync(SCRIPTS).filter((name) => name.endsWith('.sh'))

describe.each(ACTIONS)('%s', (path) => {
  const directory = join(ROOT, path)
  const content = readFileSync(join(directory, 'action.yml'), 'utf8')

  it('is valid by the schema of GitHub', () => {
    const { context } = parseAction({ name: 'action.yml', content }, SILENT)
    expect(context.errors.getErrors().map(({ message }) => message)).toEqual([])
  })

  it('uses each action by its commit, and names the version', () => {
    const uses = content.split('\n').filter((line) => line.includes('uses:'))
    for (const line of uses) expect(line).toMatch(/^ +(?:- )?uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  it('has no expression in a script, and passes each input to the script that reads it', async () => {
    const action = await readAction(directory)
    const read = new Set<string>()
    for (const { run, env = {} } of action.runs.steps) {
      if (run === undefined) continue
      expect(run).not.toContain('${{')
      const [, name = ''] = /\/([\w-]+\.sh)"$/.exec(run) ?? []
      const variables = readFileSync(join(SCRIPTS, name), 'utf8').match(/\b(?:INPUT_|CACHE_P)[A-Z_]+|\bCNB\b/g) ?? []
      expect(Object.keys(env).sort()).toEqual([...new Set(variables)].sort())
      for (const value of Object.values(env)) read.add(value)
    }
    for (const input of Object.keys(action.inputs)) expect(read).toContain(`\${{ inputs.${input} }}`)
  })
})

describe('the scripts', () => {
  it.skipIf(spawnSync('shellcheck', ['--version']).error)('pass shellcheck', () => {
    const { stdout, status } = spawnSync('shellcheck', ['--external-sources', ...PROGRAMS], { cwd: SCRIPTS, encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })

  it('can be run from a checkout', () => {
    const { stdout } = spawnSync('git', ['ls-files', '--stage', '.github/actions'], { cwd: ROOT, encoding: 'utf8' })
    const listed = existsSync(join(ROOT, '.git')) ? stdout.split('\n').filter((line) => line.endsWith('.sh')) : []
    expect(listed.filter((line) => !line.startsWith('100755') && !line.endsWith('/inputs.sh'))).toEqual([])
  })
})

describe('the inputs of a script', () => {
  const bash = (script: string, ...args: string[]) => spawnSync('bash', ['-ec', `. ${join(SCRIPTS, 'inputs.sh')}; ${script}`, 'bash', ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'], GITHUB_OUTPUT: '/dev/stdout' } })

  it.each([
    ['a,b\n c \r\n\n', ',', ['a', 'b', 'c']],
    ['A=1, 2\nB=$(touch x)', '', ['A=1, 2', 'B=$(touch x)']],
    ['', ',', []],
    ['*', ',', ['*']],
    ['back\\slash', '', ['back\\slash']],
  ])('may be a list: %j', (text, separator, elements) => {
    expect(bash('list "$1" "$2"', text, separator).stdout.split('\n').filter((line) => line !== '')).toEqual(elements)
  })

  it('may be true, false or nothing', () => {
    expect(['true', 'false', '', 'yes'].map((value) => bash('is_true publish "$1"', value).status)).toEqual([0, 1, 1, 2])
  })

  it('cannot add an output or an annotation', () => {
    expect(bash('output image "$1"', 'a\nother=b')).toMatchObject({ status: 2, stdout: "::error title=cnb::the output 'image' has a line break\n" })
    expect(readLog(bash('fail "$1"', 'a\n::warning::b').stdout).annotations).toEqual([{ kind: 'error', properties: 'title=cnb', message: 'a%0A::warning::b' }])
  })
})

describe('the runner of the tests', () => {
  it('reads environment files', () => {
    expect(readEnvironmentFile('a=1=2\nb<<END\nx\ny\nEND\n')).toEqual({ a: '1=2', b: 'x\ny' })
    expect(() => readEnvironmentFile('nothing\n')).toThrow('invalid line')
  })

  it('ignores commands between stop-commands and its token', () => {
    const { groups, annotations, open } = readLog('::group::A\n::stop-commands::t0\n::error::no\n::endgroup::\n::t0::\n::endgroup::\n  ::error file=a,line=1::yes\n')
    expect({ groups, annotations, open }).toEqual({ groups: ['A'], annotations: [{ kind: 'error', properties: 'file=a,line=1', message: 'yes' }], open: [] })
  })
})
