import { describe, expect, test } from 'vitest'
import { runGit, streamGit } from '../../../src/git/run-git.ts'
import { GIT_ENV } from '../../support/registry/index-repository.ts'

describe('runGit', () => {
  test('removes secrets from messages', async () => {
    const secrets = ['', 'pass-word']
    await expect(runGit(['config', '--file', '/nowhere/pass-word/x', 'a.b', 'c'], { env: GIT_ENV, secrets })).rejects.toThrow(/nowhere\/\*\*\*\/x/)
  })

  test('reports ssh-agent if it is missing', async () => {
    await expect(runGit(['version'], { env: { PATH: '/nowhere' }, sshKey: 'x' })).rejects.toThrow('git or ssh-agent is not on the PATH')
  })
})

describe('streamGit', () => {
  test('stops git if its output is not wanted any more', async () => {
    await expect(streamGit(['version'], { env: GIT_ENV }, () => Promise.reject(new Error('enough')))).rejects.toThrow('enough')
  })

  test("prefers git's failure to that of a reader of all output", async () => {
    const read = async (output: AsyncIterable<unknown>): Promise<never> => {
      for await (const _ of output);
      throw new Error('the output is cut off')
    }
    await expect(streamGit(['no-command'], { env: GIT_ENV }, read)).rejects.toThrow('no-command')
  })
})
