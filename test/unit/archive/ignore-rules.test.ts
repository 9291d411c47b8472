import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { excluding, including } from '../../../src/archive/ignore-rules.ts'
import type { EntryFilter } from '../../../src/archive/ignore-rules.ts'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'

/** `path` ends in a slash for a directory. */
const ask = (filter: EntryFilter, path: string) => filter(path.replace(/\/$/, ''), path.endsWith('/'))

describe('excluding', () => {
  it.each([
    ['spec/', 'spec/', 'skip'],
    ['spec/', 'spec', 'keep'],
    ['spec/', 'a/spec/', 'skip'],
    ['/spec', 'a/spec', 'keep'],
    ['*.log', 'a/b.log', 'skip'],
    ['*.LOG', 'b.log', 'keep'],
    ['a/**/b', 'a/x/y/b', 'skip'],
    ['é', 'é', 'skip'],
    ['?', 'é', 'skip'],
    ['\\#x', '#x', 'skip'],
    ['# x', '# x', 'keep'],
  ])('applies %s to %s: %s', (pattern, path, verdict) => {
    expect(ask(excluding([pattern]), path)).toBe(verdict)
  })

  it('restores files by a later ! pattern', () => {
    const filter = excluding(['*.md', '!README.md'])
    expect(['a.md', 'README.md'].map((path) => ask(filter, path))).toEqual(['skip', 'keep'])
  })

  it('matches names that are not UTF-8 with wildcards', () => {
    expect(excluding(['a*.txt'])(Buffer.from('a\xff\xfe.txt', 'latin1').toString(), false)).toBe('skip')
    expect(excluding(['b*'])(Buffer.from('a\xff', 'latin1').toString(), false)).toBe('keep')
  })
})

describe('including', () => {
  it('includes matches and everything below them; other directories only as parents', () => {
    const filter = including(['cmd/', '*.go', '/go.mod'])
    const paths = ['cmd/', 'go.mod', 'a/', 'a/main.go', 'a/go.mod', 'README']
    expect(paths.map((path) => ask(filter, path))).toEqual(['whole', 'whole', 'parent', 'whole', 'skip', 'skip'])
  })
})

describe('including and excluding', () => {
  it('agrees with git check-ignore', async () => {
    await using directory = await makeTemporaryDirectory()
    const paths = ['a', 'b.x', 'd/a', 'd/e/b.x', 'd/e/a', 'e/d/a', '[a]', 'a b']
    for (const path of paths) {
      mkdirSync(join(directory.path, path, '..'), { recursive: true })
      writeFileSync(join(directory.path, path), '')
    }
    const git = (args: string[]) =>
      execFileSync('git', ['-C', directory.path, ...args], {
        env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
      }).toString()
    git(['init', '-q'])
    const patterns = fc.array(
      fc.constantFrom(
        'a',
        '/a',
        'd/',
        'd/*',
        '!d/a',
        '**/a',
        'd/**',
        '!d/e/',
        '*.x',
        '!*.x',
        '[ad]',
        '\\[a]',
        'a*',
        'e/d',
        'e/d/',
        'd/e/b.x',
        '/*.x',
        ' ',
        'a ',
        'd/e/**/a',
      ),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(patterns, async (lines) => {
        writeFileSync(join(directory.path, '.gitignore'), `${lines.join('\n')}\n`)
        const listed = git(['ls-files', '-z', '--others', '--exclude-standard']).split('\0')
        const filter = excluding(lines)
        const kept = paths.filter((path) => {
          const parts = path.split('/')
          return parts.every((_, i) => ask(filter, `${parts.slice(0, i + 1).join('/')}${i + 1 < parts.length ? '/' : ''}`) === 'keep')
        })
        expect(kept).toEqual(paths.filter((path) => listed.includes(path)))
      }),
      { numRuns: 40 },
    )
  })

  it('never throws for any pattern', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({
            maxLength: 20,
            unit: fc.constantFrom('a', '*', '/', '[', ']', '!', '\\', '-', '?', '{', '(', '+', '\n', ' ', '^', '$', '|', '.'),
          }),
        ),
        (patterns) => {
          expect(['keep', 'skip']).toContain(excluding(patterns)('a/b', false))
        },
      ),
    )
  })
})
