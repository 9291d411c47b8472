/** App images made by the lifecycle's own exporter, from directories of this machine. */

import { execFile } from 'node:child_process'
import { chmod, link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import type { Engine } from '../../../src/docker/engine.ts'

const run = promisify(execFile)
const LIFECYCLE = join(import.meta.dirname, '../../../builders/sample/lifecycle')

/** Any base that an app can run on. */
export const RUN_IMAGE = 'cnb-sample/run:bookworm'

const METADATA_TOML = `
[[processes]]
type = "web"
command = ["/bin/cat", "--"]
args = ["file"]
direct = true
default = true
buildpack-id = "some/buildpack"

[[processes]]
type = "a-worker"
command = ["/bin/true"]
direct = true
buildpack-id = "some/buildpack"

[[buildpacks]]
id = "some/buildpack"
version = "1.2.3"
api = "0.11"
`

export interface AppOptions {
  /** The output of the app. */
  readonly text: string
  /** The size in bytes of a file in its launch layer. */
  readonly size?: number
}

/** Builds the lifecycle once. */
export async function buildLifecycle(): Promise<void> {
  await run(join(LIFECYCLE, 'build'))
}

/** A directory for apps, which their images will contain: the user of their processes must be able to enter it. */
export async function makeAppsDirectory(): Promise<TemporaryDirectory> {
  const directory = await makeTemporaryDirectory('cnb-images-')
  await chmod(directory.path, 0o755)
  return directory
}

/**
 * Exports an app with files of every kind to `image`. Its layers and its app directory are below `directory`, which must be new, and
 * have the same path in the image.
 */
export async function exportApp(engine: Engine, image: string, directory: string, { text, size = 0 }: AppOptions): Promise<void> {
  const [layers, app] = [join(directory, 'layers'), join(directory, 'workspace')]
  await makeLayer(join(layers, 'some_buildpack/dep'), size)
  await writeFiles(layers, {
    'some_buildpack/dep.toml': '[types]\nlaunch = true\n',
    'some_buildpack/empty/.keep': '',
    'some_buildpack/empty.toml': '[types]\nlaunch = true\n',
    'config/metadata.toml': METADATA_TOML,
    'sbom/launch/some_buildpack/sbom.cdx.json': '{}',
  })
  // The tar's order is that of whole paths, not that of a walk.
  await writeFiles(app, { file: `${text}\n`, 'a/b': '1', 'a-b': '2', 'a.txt': '3', 'a b': '4', 'a/b-c/d': '5', 'ä/ö': '6', large: 'x'.repeat(300_000), none: '' })
  await writeFiles(directory, {
    'group.toml': '[[group]]\nid = "some/buildpack"\nversion = "1.2.3"\napi = "0.11"\n',
    'analyzed.toml': `[run-image]\nreference = "${RUN_IMAGE}"\nimage = "${RUN_IMAGE}"\n[run-image.target]\nos = "linux"\narch = "${(await engine.info()).platform.architecture}"\n`,
  })
  const env = { ...process.env, DOCKER_HOST: engine.address, DOCKER_API_VERSION: (await engine.info()).apiVersion, CNB_PLATFORM_API: '0.15' }
  const options = Object.entries({
    layers,
    app,
    group: join(directory, 'group.toml'),
    analyzed: join(directory, 'analyzed.toml'),
    launcher: join(LIFECYCLE, 'out/lifecycle/launcher'),
    report: '/dev/null',
    'process-type': 'web',
    // The exporter switches to this user, who must be able to read the files.
    uid: String(process.getuid?.()),
    gid: '1234567',
  }).flatMap(([name, value]) => [`-${name}`, value])
  await run(join(LIFECYCLE, 'out/lifecycle/exporter'), ['-daemon', ...options, image], { env })
}

async function makeLayer(path: string, size: number): Promise<void> {
  const long = 'd'.repeat(90)
  await writeFiles(path, {
    'a/f': 'x', 'a-b': 'y', 'a.txt': 'z', 'setuid': 's', [`${long}/${long}/${long}/deep`]: 'deep', ['n'.repeat(220)]: 'long name', 'ümläut/é': 'accents', 'empty/.d/.e': '',
  })
  await writeFile(Buffer.concat([Buffer.from(`${path}/not-utf8-`), Buffer.from([0xff, 0xfe])]), 'raw')
  await link(join(path, 'a-b'), join(path, 'hard-link'))
  await symlink('a-b', join(path, 'link'))
  await symlink(`/absolute/${'l'.repeat(150)}`, join(path, 'long-link'))
  await writeFile(join(path, 'sparse'), 'begin')
  await truncate(join(path, 'sparse'), 3_000_000 + size)
  await run('mkfifo', [join(path, 'fifo')])
  await chmod(join(path, 'setuid'), 0o4755)
  await chmod(join(path, 'empty'), 0o1777)
  await chmod(join(path, 'a'), 0o2750)
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true })
    await writeFile(join(directory, name), content, { mode: 0o644 })
  }
}
