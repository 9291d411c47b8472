import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheVolumeName, volumeKey } from '../../../src/lifecycle/cache-volumes.ts'
import { parseReference } from '../../../src/oci/reference.ts'

const app = parseReference('my-app')
const home = () => mkdtemp(join(tmpdir(), 'cnb-test-'))

test("a volume's name has the repository, the tag, and a hash of the full name and the key", () => {
  // sha256("index.docker.io/library/my-app:latestkey")
  expect(cacheVolumeName(app, 'key', 'build')).toBe('pack-cache-library_my-app_latest-eea9c1cc4e97.build')
  expect(cacheVolumeName(parseReference('registry.example:5000/team/app:1.0'), 'key', 'launch')).toMatch(
    /^pack-cache-team_app_1\.0-[0-9a-f]{12}\.launch$/,
  )
})

test('words that Windows reserves are broken up as the peer does', () => {
  expect(cacheVolumeName(parseReference('mycompany/console'), 'key', 'build')).toMatch(/^pack-cache-myc_o_mpany_c_o_nsole_latest-/)
})

test('another key, tag or registry is another volume', () => {
  const names = [
    cacheVolumeName(app, 'key', 'build'),
    cacheVolumeName(app, 'other', 'build'),
    cacheVolumeName(parseReference('my-app:1'), 'key', 'build'),
    cacheVolumeName(parseReference('registry.example/library/my-app'), 'key', 'build'),
  ]
  expect(new Set(names).size).toBe(names.length)
})

test('PACK_VOLUME_KEY is the key and nothing is stored', async () => {
  expect(await volumeKey(app, { env: { PACK_VOLUME_KEY: 'from-env' }, home: '/nowhere' })).toBe('from-env')
})

test('a new key is stored where the peer looks and found again', async () => {
  const host = { env: {}, home: await home() }
  const key = await volumeKey(app, host)
  expect(key).toMatch(/^[a-z]{20}$/)
  expect(await volumeKey(app, host)).toBe(key)
  const stored = await readFile(join(host.home, '.pack', 'volume-keys.toml'), 'utf8')
  expect(stored).toContain(`"index.docker.io/library/my-app:latest" = "${key}"`)
})

test("other images' keys stay when one is added", async () => {
  const packHome = await home()
  const file = join(packHome, 'volume-keys.toml')
  await writeFile(file, '[volume-keys]\n"index.docker.io/library/other:latest" = "theirs"\n')
  await volumeKey(app, { env: { PACK_HOME: packHome }, home: '/nowhere' })
  expect(await volumeKey(parseReference('other'), { env: { PACK_HOME: packHome }, home: '/nowhere' })).toBe('theirs')
})
