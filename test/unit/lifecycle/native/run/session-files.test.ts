import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { packTar, type TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { containerFiles } from '../../../../../src/lifecycle/native/layers/container-files.ts'
import { sessionFiles } from '../../../../../src/lifecycle/native/run/session-files.ts'
import { MAX_TAR_ENTRIES } from '../../../../../src/lifecycle/native/run/session/session-script.ts'
import type { TarRefusal } from '../../../../../src/lifecycle/native/run/session/session-tar.ts'

const owner = { uid: 0, gid: 0, mtime: 0 }
const directory = (name: string): TarEntry => ({ type: 'directory', name, mode: 0o755, ...owner })
const file = (name: string, content = ''): TarEntry => ({ type: 'file', name, mode: 0o644, size: content.length, content: Buffer.from(content), ...owner })
const device = (type: 'character' | 'block'): TarEntry => ({ type, name: 'x/dev', mode: 0o666, devMajor: 8, devMinor: 0, ...owner })

/** Reads `/layers/bp/x` from a session that returns `tar`; the engine has a file `x/of the engine`. */
async function read(tar: Readable | TarRefusal): Promise<{ names: string[]; decisions: CnbEvent[] }> {
  const decisions: CnbEvent[] = []
  const engine = containerFiles({ getArchive: async () => packTar([directory('x'), file('x/of the engine')]) })
  const session = { tar: async (parent: string, name: string) => (expect([parent, name]).toEqual(['/layers/bp', 'x']), tar) }
  const names: string[] = []
  const entries = await sessionFiles(session, engine).read('/layers/bp/x', { events: (event) => decisions.push(event) })
  for await (const { name, content } of entries ?? []) names.push(`${name.toString()} ${(await buffer(content)).toString()}`)
  return { names, decisions }
}

describe('sessionFiles', () => {
  it("reads the container's tar", async () => {
    const { names, decisions } = await read(packTar([directory('x'), file('x/a', 'content')]))
    expect(names).toEqual(['/layers/bp/x ', '/layers/bp/x/a content'])
    expect(decisions).toMatchObject([{ type: 'decision', subject: { kind: 'files', name: '/layers/bp/x' }, outcome: "read with the builder's tar" }])
  })

  it.each(['tar', 'access', 'limit', 'busy', 'ended'] as const)('reads through the engine if the session refuses with %j, and says why', async (refusal) => {
    const { names, decisions } = await read(refusal)
    expect(names).toEqual(['/layers/bp/x ', '/layers/bp/x/of the engine '])
    expect(decisions).toMatchObject([{ outcome: 'read through the engine', reason: expect.stringMatching(/\w+ \w+/) }])
  })

  it.each([
    ['a character device', [directory('x'), device('character')]],
    ['a block device', [directory('x'), device('block')]],
    ['another root', [directory('y')]],
    ['a name that leads out', [directory('x'), file('x/../../../etc/passwd')]],
    ['a name below a link', [directory('x'), { type: 'symlink', name: 'x/a', linkname: '/etc', mode: 0o777, ...owner }, file('x/a/passwd')]],
    ['a name twice', [directory('x'), file('x/a'), file('x/a')]],
  ] satisfies [string, TarEntry[]][])('refuses %s', async (_, entries) => {
    await expect(read(packTar(entries))).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining("the container's tar of /layers/bp/x") })
  })

  it('refuses half an archive, another dialect, and no archive at all', async () => {
    const whole = await buffer(packTar([directory('x'), file('x/a', 'a')]))
    const gnu = Buffer.from(whole)
    gnu.write('ustar  \0', 257, 'latin1')
    for (const bytes of [whole.subarray(0, -1024), gnu, Buffer.from('no archive'), Buffer.alloc(0)]) {
      await expect(read(Readable.from([bytes]))).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
    }
  })

  it('stops at the limit of entries, which need no disk', async () => {
    const [root, header] = [[directory('x')], [file('x/0000000')]].map(async (entries) => (await buffer(packTar(entries))).subarray(0, 512))
    async function* chunks(): AsyncGenerator<Buffer> {
      yield (await root)!
      const rest = (await header)!.subarray('x/0000000'.length)
      for (let number = 0; ; number += 1000) {
        yield Buffer.concat(Array.from({ length: 1000 }, (_, index) => [Buffer.from(`x/${String(number + index).padStart(7, '0')}`), rest]).flat())
      }
    }
    await expect(count(Readable.from(chunks(), { objectMode: false }))).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED', message: expect.stringContaining(String(MAX_TAR_ENTRIES)) })
  })
})

async function count(tar: Readable): Promise<void> {
  const files = sessionFiles({ tar: async () => tar }, containerFiles({ getArchive: async () => undefined }))
  for await (const _ of (await files.read('/layers/bp/x', {})) ?? []);
}
