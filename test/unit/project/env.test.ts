import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { envNameProblem, readEnvFile, resolveEnv } from '../../../src/project/env.ts'

const none = { projectEnv: [], envFiles: [], env: [], hostEnv: {} }

describe('readEnvFile', () => {
  it('reads a variable on each line, skips empty lines and comments, and keeps quotes', () => {
    expect(readEnvFile('\uFEFFA=1\r\n\n  B = "two" \n# C=3\nD\nE=\nF=a=b#c', 'x.env')).toEqual([
      { name: 'A', value: '1' },
      { name: 'B ', value: ' "two"' },
      { name: 'D' },
      { name: 'E', value: '' },
      { name: 'F', value: 'a=b#c' },
    ])
  })

  it.each([
    ['=x', 'empty'],
    ['a/b=x', 'slash'],
    ['NAME value', 'blank'],
    ['..=x', 'not a valid file name'],
    ['.', 'not a valid file name'],
    ['A\0=x', 'NUL'],
    [`${'é'.repeat(128)}=x`, 'longer than 255 bytes'],
  ])('rejects %j with line and column', (line, words) => {
    expect(() => readEnvFile(`A=1\n  ${line}\n`, 'x.env')).toThrow(
      expect.objectContaining({
        code: 'CNB_DESCRIPTOR_INVALID',
        message: expect.stringContaining(words),
        position: { file: 'x.env', line: 2, column: 3 },
      }),
    )
  })
})

describe('resolveEnv', () => {
  it('prefers files over the project, later files over earlier ones, and flags over all', () => {
    const env = resolveEnv({
      projectEnv: ['A', 'B', 'C', 'D'].map((name) => ({ name, value: 'project' })),
      envFiles: [readEnvFile('B=first\nC=first\nD=first', 'f'), readEnvFile('C=second\nD=second', 's')],
      env: ['D=flag=1'],
      hostEnv: {},
    })
    expect(Object.fromEntries(env)).toEqual({ A: 'project', B: 'first', C: 'second', D: 'flag=1' })
  })

  it("uses the host's value for a name alone, or an empty one if unset", () => {
    const env = resolveEnv({ ...none, envFiles: [[{ name: 'HOME' }]], env: ['USER', 'toString'], hostEnv: { HOME: '/root' } })
    expect(Object.fromEntries(env)).toEqual({ HOME: '/root', USER: '', toString: '' })
  })

  it.each(['', '=x', '../x=1', 'NAME value'])('rejects the flag %j as a usage error', (flag) => {
    expect(() => resolveEnv({ ...none, env: [flag] })).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }))
  })
})

describe('envNameProblem', () => {
  it('accepts only names of files within the directory', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', '\0', 'A', '_', ' '), maxLength: 4 }), (name) => {
        const safe = name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
        expect(envNameProblem(name) === undefined).toBe(safe)
      }),
    )
  })
})
