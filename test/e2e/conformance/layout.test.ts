/** Images at the lifecycle's paths below a directory of OCI layouts (docs/conformance.md, check 65). */

import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { succeed } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const RUN_PATH = 'index.docker.io/cnb-sample/run/bookworm'
const ROOT = '/layout-repo'

/** Saves the run image below the directory, as the lifecycle requires. */
async function placeRunImage(root: string): Promise<void> {
  const archive = join(root, 'run.tar')
  await docker('save', '--output', archive, SAMPLE_RUN_IMAGE)
  await mkdir(join(root, RUN_PATH), { recursive: true })
  await promisify(execFile)('skopeo', ['--insecure-policy', 'copy', '--quiet', `docker-archive:${archive}`, `oci:${join(root, RUN_PATH)}`])
}

/** Runs the lifecycle's creator with the directory of layouts, and copies the result to the directory `to`. */
async function createWithLifecycle(image: string, app: string, root: string, to: string): Promise<void> {
  const options = ['-layout', '-layout-dir', ROOT, '-run-image', SAMPLE_RUN_IMAGE, '-skip-restore', image]
  // pack and cnb create the app's directory with this mode.
  const script = `cp -r /given/. ${ROOT} && chown -R $CNB_USER_ID:$CNB_GROUP_ID ${ROOT} /workspace && chmod 777 /workspace && exec /cnb/lifecycle/creator ${options.join(' ')}`
  const variables = ['CNB_PLATFORM_API=0.13', 'CNB_EXPERIMENTAL_MODE=warn'].flatMap((variable) => ['--env', variable])
  const container = await docker('create', '--user', 'root', '--network', 'none', ...variables, '--volume', ROOT, BUILDER, 'sh', '-c', script)
  try {
    await docker('cp', `${root}/.`, `${container}:/given`)
    await docker('cp', `${app}/.`, `${container}:/workspace`)
    await docker('start', '--attach', container)
    await docker('cp', `${container}:${ROOT}/.`, to)
  } finally {
    await docker('rm', '--force', '--volumes', container)
  }
}

interface Layout {
  /** Path and name in the layout. */
  readonly place: string
  readonly diffIds: readonly string[]
}

/** Reads all layouts below the directory, with plain file reads. */
async function layoutsBelow(root: string): Promise<Layout[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('/index.json')).sort()
  return Promise.all(files.map(async (file) => {
    const directory = join(root, file, '..')
    const read = async (digest: string): Promise<unknown> => JSON.parse(await readFile(join(directory, 'blobs/sha256', digest.replace('sha256:', '')), 'utf8'))
    const { manifests: [entry] } = JSON.parse(await readFile(join(root, file), 'utf8')) as { manifests: { digest: string; annotations?: Record<string, string> }[] }
    const { config } = (await read(entry!.digest)) as { config: { digest: string } }
    const { rootfs } = (await read(config.digest)) as { rootfs: { diff_ids: string[] } }
    return { place: `${file}: ${entry!.annotations?.['org.opencontainers.image.ref.name']}`, diffIds: rootfs.diff_ids }
  }))
}

// The stock driver saves to the engine only; here the lifecycle runs without cnb.
it('#65 saves images where the lifecycle saves them, starts from its run image there, and reuses its layers', async () => {
  const app = await bench.directory(appFiles(processes({ web: 'echo hello' })))
  const given = await bench.directory({})
  await placeRunImage(given)
  for (const image of ['localhost:5000/team/app:1.0', bench.image()]) {
    const [theirs, ours] = [await bench.directory({}), await bench.directory({})]
    await createWithLifecycle(image, app, given, theirs)
    const expected = await layoutsBelow(theirs)
    expect(expected).toHaveLength(2)
    await cp(given, ours, { recursive: true })
    await succeed(['build', image, '--path', app, ...USING_BUILDER, '--to', `layout-repo:${ours}`])
    expect(await layoutsBelow(ours)).toEqual(expected)
    // The lifecycle's image is the previous one of a build.
    const { stderr } = await succeed(['build', image, '--path', app, ...USING_BUILDER, '--clear-cache', '--explain', '--to', `layout-repo:${theirs}`])
    expect(stderr).toMatch(/layer 'buildpacksio\/lifecycle:launcher' +reused: its contents are those in the previous image/)
    expect(stderr).toMatch(/image 'cnb-sample\/run:bookworm' +read from its OCI layout/)
    expect(await layoutsBelow(theirs)).toEqual(expected)
  }
})
