import { expect, test } from 'vitest'
import { readTar } from '../../../../src/archive/tar/tar-reader.ts'
import { packTar, type TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { layerDirectories, readSurvey, type TreeSurvey } from '../../../../src/lifecycle/native/layers-tree.ts'
import { checkLargeFiles } from '../../../../src/lifecycle/native/metadata-limit.ts'

const base = { mode: 0o644, uid: 1, gid: 1, mtime: 0 }
const file = (name: string, content: string | Buffer): TarEntry => ({ ...base, type: 'file', name, size: content.length, content: Buffer.from(content) })
const directory = (name: string): TarEntry => ({ ...base, type: 'directory', name, size: 0 })
const survey = (...entries: TarEntry[]): Promise<TreeSurvey> => readSurvey(readTar(packTar(entries)), './')

test("reads a layer's TOML file of many MiB, and treats a hard link to it as the same file", async () => {
  const content = Buffer.alloc(5 * 1024 * 1024, '#')
  const { tree } = await survey(file('./a/big.toml', content), { ...base, type: 'link', name: './a/other.toml', linkname: './a/big.toml', size: 0 })
  expect(tree.get('a/big.toml')?.content?.equals(content)).toBe(true)
  expect(tree.get('a/other.toml')).toMatchObject({ type: 'file', name: Buffer.from('./a/other.toml'), size: content.length })
  expect(tree.get('a/other.toml')?.content?.equals(content)).toBe(true)
})

const limit = { code: 'CNB_EXPORT_FAILED', message: expect.stringMatching(/67108864 bytes.*'a\/big\.toml' with 41943040 bytes/) as string }

test('rejects more metadata than the limit, and reports the largest file', async () => {
  const big = Buffer.alloc(40 * 1024 * 1024)
  await expect(survey(file('./a/big.toml', big), file('./a/small.toml', big.subarray(0, 30 * 1024 * 1024)))).rejects.toMatchObject(limit)
})

test('checks the large files that the script reports before they are read', () => {
  checkLargeFiles(Buffer.from(''))
  checkLargeFiles(Buffer.from('41943040 ./a/big.toml\0'))
  expect(() => checkLargeFiles(Buffer.from('31000000 ./a/b\x0041943040 ./a/big.toml\0nonsense\0'))).toThrow(expect.objectContaining(limit))
})

test('returns the directories two names deep that buildpacks created', async () => {
  const { tree } = await survey(directory('./a'), directory('./a/b'), directory('./config'), directory('./config/x'), directory('./sbom/launch'), file('./a/c.toml', ''))
  expect(layerDirectories(tree)).toEqual(['a/b'])
})
