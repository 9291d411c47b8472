/**
 * The builds that the conformance tests examine.
 *
 * With each driver, a first build of fixtures/conformance/app (STAGE=one)
 * and a rebuild of the same image (STAGE=two). The first test file of a run makes them, and the global tear-down removes them.
 */

import { execFileSync } from 'node:child_process'
import { cp, mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { succeed } from '../cnb.ts'
import { CONFORMANCE_APP, makeConformanceBuilder, makeConformanceRunImage } from './conformance-builder.ts'
import { docker } from '../engines/docker.ts'
import { SEPARATE, type Driver } from '../engines/drivers.ts'
import { BUILDER } from '../script-builder.ts'
import { removeAll, removeVolumes, writeFiles } from '../workbench.ts'

const RUN = BUILDER.replace(/^.*-/, '')
// Not "conf-": it would appear differently in the names of volumes, because Windows reserves the name "con".
const NAMES = `cnb-e2e/suite-${RUN}`
const DIRECTORY = join(tmpdir(), `cnb-e2e-conf-${RUN}`)

const CONFORMANCE_BUILDER = `${NAMES}-builder`
export const CONFORMANCE_RUN_IMAGE = `${NAMES}-run`

/** Options of every build of the suite. */
export const CONFORMING = ['--builder', CONFORMANCE_BUILDER, '--run-image', CONFORMANCE_RUN_IMAGE, '--pull-policy', 'never'] as const

/** Files that git cannot contain: names that some file systems do not support, empty directories, a socket. */
export const LONG_NAME = 'long'.repeat(60)

export interface ConformanceBuilds {
  /** The images after the first and after the second build. */
  readonly one: string
  readonly two: string
  /** A second name from the second build. */
  readonly tag: string
  /** The directories that the second build wrote for --sbom-output-dir and --report-output-dir. */
  readonly sboms: string
  readonly report: string
}

/** Returns the builds of a driver; makes them first if necessary. */
export async function conformanceBuilds(driver: Driver): Promise<ConformanceBuilds> {
  const image = `${NAMES}-${driver}`
  const builds = {
    one: `${image}:one`,
    two: `${image}:latest`,
    tag: `${image}:tag`,
    sboms: join(DIRECTORY, driver, 'sboms'),
    report: join(DIRECTORY, driver, 'report'),
  }
  if ((await docker('image', 'ls', '--quiet', builds.tag)) !== '') return builds
  await makeConformanceImages()
  const app = await makeApp(join(DIRECTORY, driver, 'app'))
  const build = ['build', image, '--path', app, ...SEPARATE[driver], ...CONFORMING, '--volume', `${join(DIRECTORY, driver, 'db')}:/platform/bindings/db`]
  const env = ['STAGE', 'EMPTY=', 'EQUALS=a=b', 'LINES', 'OVERRIDDEN=command', 'PATH=/from/user', 'OPERATOR_FORCED=by user'].flatMap((variable) => ['--env', variable])
  const host = { LINES: 'one\ntwo\n', HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: 'localhost' }
  await writeFiles(join(DIRECTORY, driver, 'db'), { type: 'database', password: 'secret' })
  await succeed([...build, ...env], { env: { ...host, STAGE: 'one' } })
  await docker('tag', image, builds.one)
  const outputs = ['--sbom-output-dir', builds.sboms, '--report-output-dir', builds.report]
  await succeed([...build, ...env, ...outputs, '--tag', builds.tag], { env: { ...host, STAGE: 'two' } })
  return builds
}

/** Creates the builder and the run image if necessary. */
export async function makeConformanceImages(): Promise<void> {
  if ((await docker('image', 'ls', '--quiet', CONFORMANCE_BUILDER)) !== '') return
  await mkdir(DIRECTORY, { recursive: true })
  await makeConformanceRunImage(CONFORMANCE_RUN_IMAGE)
  await makeConformanceBuilder(CONFORMANCE_BUILDER, DIRECTORY)
}

async function makeApp(app: string): Promise<string> {
  await cp(CONFORMANCE_APP, app, { recursive: true })
  await mkdir(join(app, 'empty'))
  await writeFiles(app, { [`${LONG_NAME}/${LONG_NAME}/file`]: 'far down', 'ünï cödé': '' })
  execFileSync('ln', ['-s', 'run.sh', join(app, 'link')])
  const server = createServer().listen(join(app, 'socket'))
  await new Promise((resolve) => server.once('listening', resolve))
  // Node removes the socket's file when it closes the server, unlike a killed server.
  server.unref()
  return app
}

/** Removes everything that this run has made. */
export async function removeConformanceBuilds(): Promise<void> {
  await removeAll(['image', 'rm', '--force'], await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', '--filter', `reference=${NAMES}-*`))
  await removeVolumes(await docker('volume', 'ls', '--quiet', '--filter', `name=${NAMES.replace('/', '_')}-`))
  await rm(DIRECTORY, { recursive: true, force: true })
}
