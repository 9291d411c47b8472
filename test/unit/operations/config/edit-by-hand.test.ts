import { readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import { editByHand } from '../../../../src/operations/config/edit-by-hand.ts'
import type { Host } from '../../../../src/operations/services.ts'

let directory = ''
let file = ''
beforeEach(async () => {
  const temporary = await makeTemporaryDirectory()
  onTestFinished(() => temporary[Symbol.asyncDispose]())
  directory = temporary.path
  file = join(directory, 'config.toml')
  await writeFile(file, 'pull-policy = "never" # mine\n', { mode: 0o640 })
})

const hostWith = (env: Record<string, string>): Host => ({ env: { CNB_HOME: directory, ...env }, cwd: directory, home: '/nonexistent' })

describe('editing by hand', () => {
  it('replaces the file with the edited text, and prefers VISUAL', async () => {
    const host = hostWith({ VISUAL: "sed -i s/never/always/", EDITOR: 'false' })
    expect(await editByHand(host, {})).toEqual({ file, changed: true })
    expect(await readFile(file, 'utf8')).toBe('pull-policy = "always" # mine\n')
    expect(await readdir(directory)).toEqual(['config.toml'])
  })

  it('writes nothing if the text is the same', async () => {
    expect(await editByHand(hostWith({ EDITOR: 'true' }), {})).toEqual({ file, changed: false })
  })

  it('starts a new file with all keys, as comments', async () => {
    const CNB_HOME = join(directory, 'new')
    await editByHand(hostWith({ CNB_HOME, PACK_HOME: '/nonexistent', EDITOR: `sed -i 's/# if-changed = false/if-changed = true/'` }), {})
    expect(await readFile(join(CNB_HOME, 'config.toml'), 'utf8')).toMatch(/^# builder, .*\n# default-builder-image = ""\n[^]*\nif-changed = true\n/)
  })

  it('keeps the file if the text is invalid, and the text in another file', async () => {
    await expect(editByHand(hostWith({ EDITOR: 'sed -i s/never/daily/' }), {})).rejects.toMatchObject({
      code: 'CNB_DESCRIPTOR_INVALID', position: { line: 1 }, hint: expect.stringContaining(`${file}.rejected`) as string,
    })
    expect(await readFile(file, 'utf8')).toBe('pull-policy = "never" # mine\n')
    expect(await readFile(`${file}.rejected`, 'utf8')).toBe('pull-policy = "daily" # mine\n')
  })

  it('keeps the change that another program made meanwhile', async () => {
    await expect(editByHand(hostWith({ EDITOR: `echo '# theirs' >'${file}'; sed -i s/never/always/` }), {})).rejects.toThrow('another program changed')
    expect(await readFile(file, 'utf8')).toBe('# theirs\n')
  })

  it('keeps the file if the editor fails', async () => {
    await expect(editByHand(hostWith({ EDITOR: 'f() { echo broken >"$1"; return 3; }; f' }), {})).rejects.toThrow('ended with exit code 3')
    expect(await readFile(file, 'utf8')).toBe('pull-policy = "never" # mine\n')
  })

  it('ends the editor when it is aborted, and leaves nothing behind', async () => {
    const controller = new AbortController()
    const signalFile = join(directory, 'started')
    const editing = editByHand(hostWith({ EDITOR: `f() { echo "$1" >'${signalFile}'; exec sleep 60; }; f` }), { signal: controller.signal })
    const started = async (): Promise<string> => (await readFile(signalFile, 'utf8').catch(() => '')).trim() || started()
    const copy = await started()
    controller.abort(new Error('stop'))
    await expect(editing).rejects.toThrow()
    await expect(readFile(copy)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(copy.startsWith(tmpdir())).toBe(true)
  })

  it('needs an editor', async () => {
    await expect(editByHand(hostWith({}), {})).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining('no editor is set') as string })
  })
})
