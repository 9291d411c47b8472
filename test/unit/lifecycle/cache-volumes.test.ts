import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheVolumes, ownCaches, volumeKey } from '../../../src/lifecycle/cache-volumes.ts'
import { parseTag } from '../../../src/oci/reference.ts'

const app = parseTag('my-app')
const home = () => mkdtemp(join(tmpdir(), 'cnb-test-'))

test("builds a volume's name from the repository, the tag, and a hash of the full name and the key", () => {
  // sha256("index.docker.io/library/my-app:latestkey")
  expect(cacheVolumes(app, 'key').build).toBe('pack-cache-library_my-app_latest-eea9c1cc4e97.build')
  expect(cacheVolumes(parseTag('registry.example:5000/team/app:1.0'), 'key').launch).toMatch(
    /^pack-cache-team_app_1\.0-[0-9a-f]{12}\.launch$/,
  )
})

test("uses the same hash for the volumes of the native driver and of pack", () => {
  expect(cacheVolumes(app, 'key')).toEqual({
    build: 'pack-cache-library_my-app_latest-eea9c1cc4e97.build',
    launch: 'pack-cache-library_my-app_latest-eea9c1cc4e97.launch',
    layers: 'cnb-cache-library_my-app_latest-eea9c1cc4e97.layers',
    record: 'cnb-cache-library_my-app_latest-eea9c1cc4e97.record',
    state: 'cnb-cache-library_my-app_latest-eea9c1cc4e97.state',
    kaniko: 'cnb-cache-library_my-app_latest-eea9c1cc4e97.kaniko',
    app: 'cnb-cache-library_my-app_latest-eea9c1cc4e97.app',
    inputs: 'cnb-cache-library_my-app_latest-eea9c1cc4e97.inputs',
  })
})

test('breaks up words that Windows reserves, like pack', () => {
  expect(cacheVolumes(parseTag('mycompany/console'), 'key').build).toMatch(/^pack-cache-myc_o_mpany_c_o_nsole_latest-/)
})

test('returns another volume for another key, tag or registry', () => {
  const names = [
    cacheVolumes(app, 'key').build,
    cacheVolumes(app, 'other').build,
    cacheVolumes(parseTag('my-app:1'), 'key').build,
    cacheVolumes(parseTag('registry.example/library/my-app'), 'key').build,
  ]
  expect(new Set(names).size).toBe(names.length)
})

test('uses PACK_VOLUME_KEY without storing it', async () => {
  expect(await volumeKey(app, { env: { PACK_VOLUME_KEY: 'from-env' }, home: '/nowhere' })).toBe('from-env')
})

test("stores a new key in pack's file and finds it again", async () => {
  const host = { env: {}, home: await home() }
  const key = await volumeKey(app, host)
  expect(key).toMatch(/^[a-z]{20}$/)
  expect(await volumeKey(app, host)).toBe(key)
  const stored = await readFile(join(host.home, '.pack', 'volume-keys.toml'), 'utf8')
  expect(stored).toContain(`"index.docker.io/library/my-app:latest" = "${key}"`)
})

test('returns the same keys to builds that add them at the same time, and later', async () => {
  const host = { env: {}, home: await home() }
  const images = ['one', 'one', 'two', 'three', 'four'].map((name) => parseTag(name))
  const keys = await Promise.all(images.map((image) => volumeKey(image, host)))
  expect(await Promise.all(images.map((image) => volumeKey(image, host)))).toEqual(keys)
  expect(keys[0]).toBe(keys[1])
  expect(new Set(keys).size).toBe(4)
  expect(await volumeKey(parseTag('one'), { ...host, home: await home() })).not.toBe(keys[0])
})

test("keeps the keys of other images when it adds a key", async () => {
  const packHome = await home()
  const file = join(packHome, 'volume-keys.toml')
  await writeFile(file, '[volume-keys]\n"index.docker.io/library/other:latest" = "theirs"\n')
  await volumeKey(app, { env: { PACK_HOME: packHome }, home: '/nowhere' })
  expect(await volumeKey(parseTag('other'), { env: { PACK_HOME: packHome }, home: '/nowhere' })).toBe('theirs')
})

test('returns the images of all keys by the names of their volumes, and ignores entries that are not images', async () => {
  const packHome = await home()
  await writeFile(join(packHome, 'volume-keys.toml'), '[volume-keys]\n"index.docker.io/library/my-app:latest" = "key"\n"Not An Image" = "key"\n"other:1" = 5\n')
  expect([...(await ownCaches({ env: { PACK_HOME: packHome }, home: '/nowhere' }))]).toEqual([['library_my-app_latest-eea9c1cc4e97', 'my-app:latest']])
  const fromEnv = await ownCaches({ env: { PACK_HOME: packHome, PACK_VOLUME_KEY: 'other' }, home: '/nowhere' })
  expect(cacheVolumes(app, 'other').layers).toBe(`cnb-cache-${[...fromEnv.keys()][1]}.layers`)
  expect((await ownCaches({ env: {}, home: await home() })).size).toBe(0)
})
