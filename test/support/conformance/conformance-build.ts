/**
 * The builds that the conformance suite's files examine: with each driver a first one of fixtures/conformance/app (STAGE=one)
 * and a rebuild of the same image (STAGE=two). They are made once a run, by whichever file comes first, and go in the global tear-down.
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
import { removeAll, writeFiles } from '../workbench.ts'

const RUN = BUILDER.replace(/^.*-/, '')
// Not "conf-": Windows reserves the name "con", and so it stands otherwise in the names of volumes.
const NAMES = `cnb-e2e/suite-${RUN}`
const DIRECTORY = join(tmpdir(), `cnb-e2e-conf-${RUN}`)

const CONFORMANCE_BUILDER = `${NAMES}-builder`
export const CONFORMANCE_RUN_IMAGE = `${NAMES}-run`

/** Options of every build of the suite. */
export const CONFORMING = ['--builder', CONFORMANCE_BUILDER, '--run-image', CONFORMANCE_RUN_IMAGE, '--pull-policy', 'never'] as const

/** What is not in git as it should be: names that some file systems cannot have, empty directories, a socket. */
export const LONG_NAME = 'long'.repeat(60)

export interface ConformanceBuilds {
  /** The images after the first and after the second build. */
  readonly one: string
  readonly two: string
  /** A second name that the second build gave. */
  readonly tag: string
  /** What the second build wrote for --sbom-output-dir and --report-output-dir. */
  readonly sboms: string
  readonly report: string
}

/** The builds of a driver; makes them if this run has not yet. */
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

/** Makes the builder and the run image, if this run has not yet. */
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
  // Node takes the socket's file away when it closes the server; a killed one would have left it.
  server.unref()
  return app
}

/** Removes all that this run has made. */
export async function removeConformanceBuilds(): Promise<void> {
  await removeAll(['image', 'rm', '--force'], await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', '--filter', `reference=${NAMES}-*`))
  await removeAll(['volume', 'rm', '--force'], await docker('volume', 'ls', '--quiet', '--filter', `name=${NAMES.replace('/', '_')}-`))
  await rm(DIRECTORY, { recursive: true, force: true })
}
