import { chmod, cp, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CnbEvent } from '../../../src/base/events.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { currentOwner } from '../../../src/base/processes/owner.ts'
import type { Secret } from '../../../src/resources/kinds/core.ts'
import { openStateDirectory } from '../../../src/state/directory/directory-store.ts'
import { stateProcess } from '../../../src/state/directory/state-process.ts'
import { keyOf } from '../../../src/state/resource-key.ts'
import type { Store } from '../../../src/state/store.ts'
import { build, image, IMAGE } from '../../contract/state/store-contract.ts'

const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: 'default' }, data: { password: 'c2VjcmV0' } }
const stack = { apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStack', metadata: { name: 'base' } }

let temporary: TemporaryDirectory
let root: string
let store: Store
const open = async (path = root): Promise<Store> => openStateDirectory(path, stateProcess(await currentOwner('here', process.pid)))
const mode = async (...path: string[]): Promise<string> => ((await stat(join(root, ...path))).mode & 0o777).toString(8)

beforeEach(async () => {
  temporary = await makeTemporaryDirectory()
  root = join(temporary.path, 'state')
  store = await open()
})

afterEach(() => temporary[Symbol.asyncDispose]())

describe('the directory', () => {
  it('has readable files by group, kind, namespace and name', async () => {
    await store.write(image('app'))
    await store.write(stack)
    await store.write(build('app-build-1'))
    await using log = await store.openLog({ namespace: 'default', name: 'app-build-1' })
    log.write('one')
    expect((await readdir(root)).sort()).toEqual(['builds', 'format', 'objects', 'tmp', 'writers'])
    expect(await readFile(join(root, 'format'), 'utf8')).toBe('cnb state 1\n')
    expect(await readFile(join(root, 'objects/kpack.io/Image/default/app.yaml'), 'utf8')).toMatch(/^apiVersion: kpack.io\/v1alpha2\nkind: Image\nspec:\n {2}tag: r.example\/app\n/)
    expect(await readdir(join(root, 'objects/kpack.io/ClusterStack/_cluster'))).toEqual(['base.yaml'])
    expect((await readdir(join(root, 'builds/default/app-build-1'))).sort()).toEqual(['build.yaml', 'log.txt', 'log.writer'])
    expect(await readFile(join(root, 'builds/default/app-build-1/log.txt'), 'utf8')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one\n$/)
  })

  it('is not created by reading', async () => {
    expect(await store.list({})).toEqual([])
    await expect(stat(root)).rejects.toThrow('ENOENT')
  })

  it('keeps secrets from other users', async () => {
    await store.write(image('app'))
    await store.write(secret)
    expect(await mode('objects/core/Secret')).toBe('700')
    expect(await mode('objects/core/Secret/default')).toBe('700')
    expect(await mode('objects/core/Secret/default/x.yaml')).toBe('600')
    expect(await mode('tmp')).toBe('700')
  })

  it('protects secrets again when a copy lost the modes', async () => {
    await store.write(secret)
    for (const path of ['objects/core/Secret', 'objects/core/Secret/default', 'objects/core/Secret/default/x.yaml']) await chmod(join(root, path), 0o777)
    await store.write({ ...secret, data: { password: 'bmV3' } })
    expect(await mode('objects/core/Secret')).toBe('700')
    expect(await mode('objects/core/Secret/default')).toBe('700')
    expect(await mode('objects/core/Secret/default/x.yaml')).toBe('600')
  })

  it('can be copied, with other times', async () => {
    await store.write(image('app'))
    await cp(root, join(temporary.path, 'copy'), { recursive: true })
    const copy = await open(join(temporary.path, 'copy'))
    expect(await copy.list({})).toEqual(await store.list({}))
    const [found] = await copy.list({ type: IMAGE })
    await copy.writeStatus(keyOf(image('app')), {}, found?.version ?? 'v')
  })

  it('accepts edited files', async () => {
    const { version } = await store.write(image('app'))
    const path = join(root, 'objects/kpack.io/Image/default/app.yaml')
    await writeFile(path, `# edited\n${await readFile(path, 'utf8')}`)
    const read = await store.read(keyOf(image('app')))
    expect(read?.resource.spec).toEqual(image('app').spec)
    expect(read?.version).not.toBe(version)
  })

  it('ignores hidden files and other extensions', async () => {
    await store.write(image('app'))
    for (const name of ['.app.yaml.swp', 'app.yaml~', 'README.md']) await writeFile(join(root, 'objects/kpack.io/Image/default', name), 'x')
    await writeFile(join(root, 'objects/.DS_Store'), 'x')
    expect(await store.list({})).toHaveLength(1)
  })

  it('removes incomplete files of processes that were killed', async () => {
    await store.write(image('app'))
    await writeFile(join(root, 'tmp/left'), 'x')
    await mkdir(join(root, 'tmp/build/inner'), { recursive: true })
    await store.write(image('other'))
    expect(await readdir(join(root, 'tmp'))).toEqual([])
  })
})

describe('a directory of another format', () => {
  const snapshot = async (): Promise<string[]> => (await readdir(root, { recursive: true })).sort()

  it('is not touched if the format is newer', async () => {
    await store.write(image('app'))
    await writeFile(join(root, 'format'), 'cnb state 2\nmore\n')
    const before = await snapshot()
    await expect(open()).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED', message: `cannot use the state in ${root}: its format 2 is newer than 1` })
    // A process that was running when the other one changed the format.
    await rm(join(root, 'writers'), { recursive: true })
    for (const work of [() => store.write(image('b')), () => store.remove(keyOf(image('app'))), () => store.lock(), () => store.openLog({ namespace: 'a', name: 'b' })]) {
      await expect(work()).rejects.toMatchObject({ code: 'CNB_UNSUPPORTED' })
    }
    expect(await snapshot()).toEqual(before.filter((name) => name !== 'writers'))
  })

  it.each([
    ['has something else', 'notes.txt', 'x', /^cannot use .* for state: its file 'format' is missing$/],
    ['has an invalid format', 'format', 'cnb state x\n', /^cannot use .* for state: its file 'format' is invalid$/],
    ['has an empty format', 'format', '', /^cannot use .* for state: its file 'format' is invalid$/],
    ['has a large format', 'format', 'x'.repeat(2000), /^cannot read .*format: is larger/],
  ])('is not used if it %s', async (_title, name, text, message) => {
    await mkdir(root)
    await writeFile(join(root, name), text)
    await expect(open()).rejects.toMatchObject({ code: 'CNB_STATE_INVALID', message: expect.stringMatching(message) as string })
    await expect(store.write(image('app'))).rejects.toMatchObject({ code: 'CNB_STATE_INVALID' })
    expect(await readdir(root)).toEqual([name])
  })

  it('is not used if it is a file', async () => {
    await writeFile(root, 'x')
    await expect(open()).rejects.toMatchObject({ code: 'CNB_STATE_INVALID' })
    await expect(store.list({})).rejects.toMatchObject({ code: 'CNB_STATE_INVALID' })
  })
})

describe('an unreadable file', () => {
  const path = (): string => join(root, 'objects/kpack.io/Image/default/app.yaml')

  it.each([
    ['is empty', ''],
    ['is cut off', 'apiVersion: "kpack'],
    ['is no resource', '- a\n'],
    ['has no metadata', 'apiVersion: v1\nkind: Image\n'],
    ['has no name', 'apiVersion: kpack.io/v1alpha2\nkind: Image\nmetadata:\n  namespace: default\n'],
    ['has another resource', 'apiVersion: kpack.io/v1alpha2\nkind: Image\nmetadata:\n  name: other\n  namespace: default\n'],
    ['has another group', 'apiVersion: example.com/v1\nkind: Image\nmetadata:\n  name: app\n  namespace: default\n'],
    ['has an alias', 'apiVersion: kpack.io/v1alpha2\nkind: Image\nmetadata: &a\n  name: app\n  namespace: default\nspec: *a\n'],
    ['is too large', ' '.repeat(17 * 1024 * 1024)],
  ])('is an error with its name if it %s', async (_title, text) => {
    await store.write(image('app'))
    await writeFile(path(), text)
    const error = { code: 'CNB_STATE_INVALID', message: expect.stringContaining(`cannot read ${path()}: `) as string }
    await expect(store.read(keyOf(image('app')))).rejects.toMatchObject(error)
    await expect(store.list({})).rejects.toMatchObject(error)
    await expect(store.write(image('app'))).rejects.toMatchObject(error)
    expect(await readFile(path(), 'utf8')).toBe(text)
  })

  it('is an error with its name if it is a directory, or has an impossible name', async () => {
    await store.write(image('app'))
    await mkdir(join(root, 'objects/kpack.io/Image/default/Other.yaml'))
    await expect(store.list({})).rejects.toMatchObject({ code: 'CNB_STATE_INVALID', message: expect.stringContaining('Other.yaml') as string })
    await rm(path())
    await mkdir(path())
    await expect(store.read(keyOf(image('app')))).rejects.toMatchObject({ code: 'CNB_STATE_INVALID', message: `cannot read ${path()}: is a directory` })
  })

  it('can be removed', async () => {
    await store.write(image('app'))
    await writeFile(path(), '')
    expect(await store.remove(keyOf(image('app')))).toBe(true)
    expect(await store.list({})).toEqual([])
  })
})

describe('a write that fails', () => {
  it('is an error with the name of the file', async () => {
    await store.write(image('app'))
    await rm(join(root, 'objects/kpack.io/Image'), { recursive: true })
    await writeFile(join(root, 'objects/kpack.io/Image'), '')
    await expect(store.write(stack)).resolves.toBeDefined()
    await expect(store.write(image('app'))).rejects.toMatchObject({ code: 'CNB_STATE_INVALID', message: expect.stringContaining('app.yaml') as string })
  })

  it('does not store a resource that could not be read again', async () => {
    const large = { ...image('app'), spec: { text: 'x'.repeat(17 * 1024 * 1024) } }
    await expect(store.write(large)).rejects.toMatchObject({ code: 'CNB_STATE_INVALID', message: 'cannot store Image default/app: it is larger than 16 MiB' })
    expect(await store.list({})).toEqual([])
  })
})

describe('a log', () => {
  const name = { namespace: 'default', name: 'app-build-1' }
  const path = (): string => join(root, 'builds/default/app-build-1/log.txt')

  it('is read from its start again when it is truncated or replaced', async () => {
    await using log = await store.openLog(name)
    log.write('one\ntwo')
    const lines = store.readLog(name, true)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toHaveLength(2)
    await truncate(path(), 0)
    log.write('new')
    expect((await lines.next()).value).toMatchObject([{ text: 'new' }])
    await rm(path())
    await writeFile(path(), '2024-01-01T00:00:00.000Z a much longer line in another file\n')
    expect((await lines.next()).value).toEqual([{ time: '2024-01-01T00:00:00.000Z', text: 'a much longer line in another file' }])
    await lines.return?.()
  })

  it('has the incomplete line at its end, and lines without a time', async () => {
    await mkdir(join(path(), '..'), { recursive: true })
    await writeFile(path(), '\u001b[31mred\nlast')
    const batches: unknown[] = []
    for await (const batch of store.readLog(name, false)) batches.push(...batch)
    expect(batches).toEqual([{ time: '', text: '\u001b[31mred' }, { time: '', text: 'last' }])
  })

  it('has long lines in pieces, each with its time', async () => {
    await using log = await store.openLog(name)
    log.write('x'.repeat(150_000))
    const lines: { time: string; text: string }[] = []
    for await (const batch of store.readLog(name, false)) lines.push(...batch)
    expect(lines.map(({ text }) => text).join('')).toBe('x'.repeat(150_000))
    expect(lines.every(({ time }) => time !== '')).toBe(true)
  })

  it.runIf(process.platform === 'linux')('is lost with a warning, once, when the disk is full', async () => {
    await (await store.openLog(name))[Symbol.asyncDispose]()
    await rm(path())
    await symlink('/dev/full', path())
    const events: CnbEvent[] = []
    const log = await store.openLog(name, { events: (event) => events.push(event) })
    log.write('one')
    log.write('two')
    await log[Symbol.asyncDispose]()
    expect(events).toEqual([{ type: 'warning', message: expect.stringMatching(/^cannot write .*log.txt: ENOSPC.*; the rest of this log is lost$/) as string }])
  })
})
