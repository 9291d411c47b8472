import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { readSecrets } from '../../../src/project/read-secrets.ts'

const { path: cwd, ...temporary } = await makeTemporaryDirectory('cnb-secrets-')
afterAll(() => temporary[Symbol.asyncDispose]?.())
await writeFile(join(cwd, 'file'), 'of the file')
await writeFile(join(cwd, 'a,"b'), 'quoted')
await mkdir(join(cwd, 'directory'))
const env = { TOKEN: 'of the variable', both: 'variable' }

async function read(...values: string[]): Promise<Record<string, string>> {
  return Object.fromEntries((await readSecrets(values, { cwd, env }, {})).map(({ name, content }) => [name, content.toString()]))
}

test.each([
  ['id=a,src=file', 'of the file'],
  ['id=a,source=file', 'of the file'],
  ['type=file,id=a,src=file', 'of the file'],
  [`id=a,src=${cwd}/file`, 'of the file'],
  ['id=a,"src=a,""b"', 'quoted'],
  ['id=a,env=TOKEN', 'of the variable'],
  ['id=a,type=env,env=TOKEN', 'of the variable'],
  ['id=a,type=env,src=TOKEN', 'of the variable'],
])('reads %s', async (value, expected) => {
  expect(await read(value)).toEqual({ a: expected })
})

test('takes the variable of the name of a secret without a source, or else the file', async () => {
  expect(await read('id=both', 'id=file', 'id=TOKEN,type=env')).toEqual({ both: 'variable', file: 'of the file', TOKEN: 'of the variable' })
})

test.each([
  ['src=file', /no id/],
  ['id=,src=file', /no id/],
  ['id=../etc,src=file', /not the name of a file/],
  ['id=..,src=file', /not the name of a file/],
  ['id=a,src=file,env=TOKEN', /both src and env/],
  ['id=a,type=file,env=TOKEN', /type is file/],
  ['id=a,type=other', /neither file nor env/],
  ['id=a,mode=0400', /field 'mode' is unknown/],
  ['id=a,src=file,source=file', /occurs twice/],
  ['file', /'file' is not key=value/],
  ['id=a,"src=file', /quotes/],
  ['id=a,src=directory', /directory/i],
  ['id=a,src=absent', /absent/],
  ['id=a,env=ABSENT', /ABSENT is not set/],
  ['id=a,type=env', /variable a is not set/],
])('refuses %s', async (value, cause) => {
  await expect(read(value)).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringMatching(cause) as unknown })
})

test('refuses an id that is used twice, and more than 500 KiB', async () => {
  await expect(read('id=a,env=TOKEN', 'id=a,src=file')).rejects.toThrow(/used twice/)
  await writeFile(join(cwd, 'large'), 'x'.repeat(500 * 1024 + 1))
  await expect(read('id=a,src=large')).rejects.toMatchObject({ code: 'CNB_USAGE' })
  await expect(readSecrets(['id=a,env=LARGE'], { cwd, env: { LARGE: 'x'.repeat(500 * 1024 + 1) } }, {})).rejects.toThrow(/500 KiB/)
  const most = { env: { LARGE: 'x'.repeat(500 * 1024) }, cwd }
  await expect(readSecrets(Array.from({ length: 9 }, (_, at) => `id=${at},env=LARGE`), most, {})).rejects.toThrow(/together/)
})

test('reads any path that is quoted as in RFC 4180', async () => {
  await fc.assert(fc.asyncProperty(fc.string(), async (text) => {
    const quoted = `"env=${text.replaceAll('"', '""')}"`
    const [secret] = await readSecrets([`id=a,${quoted}`], { cwd, env: { [text]: 'found' } }, {})
    expect(secret?.content.toString()).toBe('found')
  }))
})
