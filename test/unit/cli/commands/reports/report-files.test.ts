import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { CnbError } from '../../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { makeTemporaryDirectory } from '../../../../../src/base/files.ts'
import type { CommandContext } from '../../../../../src/cli/command.ts'
import { fit, withReports, type Reported } from '../../../../../src/cli/commands/reports/report-files.ts'

const REPORTED: Reported = { outcome: { data: { image: 'app' }, line: 'app', text: () => 'Built' }, markdown: () => '### Built' }

async function openBench() {
  const directory = await makeTemporaryDirectory('cnb-reports-')
  const events: CnbEvent[] = []
  return {
    path: directory.path,
    events,
    session: { host: { cwd: directory.path, home: directory.path, env: {} }, context: { events: (event: CnbEvent) => void events.push(event) } } as unknown as CommandContext,
    read: (name: string) => readFile(join(directory.path, name), 'utf8'),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

describe('withReports', () => {
  it('writes the result, and appends the summary to those of earlier commands', async () => {
    await using bench = await openBench()
    await writeFile(join(bench.path, 'summary.md'), '# Job\n')
    const outcome = await withReports({ summaryFile: 'summary.md', resultFile: 'result.json' }, bench.session, () => Promise.resolve(REPORTED))
    expect(outcome).toBe(REPORTED.outcome)
    expect(await bench.read('summary.md')).toBe('# Job\n### Built\n\n')
    expect(JSON.parse(await bench.read('result.json'))).toEqual({ schemaVersion: 1, image: 'app' })
  })

  it('writes a failure too, and throws it', async () => {
    await using bench = await openBench()
    const error = new CnbError('CNB_BUILD_FAILED', 'cannot build `x`: <b>\n::error::no', { hint: 'Read it.' })
    await expect(withReports({ summaryFile: 's.md', resultFile: 'r.json' }, bench.session, () => Promise.reject(error))).rejects.toBe(error)
    expect(await bench.read('s.md')).toBe("### Failed: `CNB_BUILD_FAILED`\n\n`cannot build 'x': <b>`  \n`::error::no`  \n`Read it.`\n\n")
    expect(JSON.parse(await bench.read('r.json'))).toMatchObject({ error: { code: 'CNB_BUILD_FAILED' } })
  })

  it('refuses one file for both', async () => {
    await using bench = await openBench()
    const work = vi.fn()
    await expect(withReports({ summaryFile: 'a.md', resultFile: './a.md' }, bench.session, work)).rejects.toMatchObject({ code: 'CNB_USAGE' })
    expect(work).not.toHaveBeenCalled()
  })

  it.each(['summaryFile', 'resultFile'] as const)('does not start the work if %s cannot be written', async (option) => {
    await using bench = await openBench()
    const work = withReports({ [option]: 'absent/file' }, bench.session, () => Promise.reject(new Error('started')))
    await expect(work).rejects.toMatchObject({ code: 'CNB_OUTPUT' })
  })

  it('warns if a file cannot be written after the work', async () => {
    await using bench = await openBench()
    const outcome = await withReports({ summaryFile: 's.md' }, bench.session, () => Promise.resolve({ ...REPORTED, markdown: () => Promise.reject(new CnbError('CNB_IMAGE_INVALID', 'no SBOM')) }))
    expect(outcome).toBe(REPORTED.outcome)
    expect(bench.events).toEqual([{ type: 'warning', message: "no SBOM; the command's work is not affected" }])
  })

  it('keeps a summary file within the limit of GitHub', async () => {
    await using bench = await openBench()
    await mkdir(bench.path, { recursive: true })
    await writeFile(join(bench.path, 's.md'), 'x'.repeat(1024 * 1024 - 200))
    await withReports({ summaryFile: 's.md' }, bench.session, () => Promise.resolve({ ...REPORTED, markdown: () => `### Built\n${'long line\n'.repeat(100)}` }))
    const text = await bench.read('s.md')
    expect(text.length).toBeLessThanOrEqual(1024 * 1024)
    expect(text).toMatch(/### Built\n(long line\n)+long line\n\n\(The rest does not fit: a summary has at most 1 MiB\.\)\n$/)
  })
})

it('omits a text of which no line fits', () => {
  expect(fit('ä'.repeat(80), 70)).toBe('')
  expect(fit('ab', 2)).toBe('ab')
})
