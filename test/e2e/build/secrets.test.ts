/** `--secret`: buildpacks read a value that nothing stores. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCnb, startCnb, succeed } from '../../support/cnb.ts'
import { docker, imageId } from '../../support/engines/docker.ts'
import { FLOWS } from '../../support/engines/drivers.ts'
import { asRoot, dockerfile, EXTENSION_BUILDER, makeExtensionBuilder, removeExtensionBuilder, withoutFind } from '../../support/extension-builder.ts'
import { appFiles, BUILDER, processes, USING_BUILDER } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
const VALUE = 'v4lue-that-nothing-stores'
const KEY = `-----BEGIN\n"${VALUE} line 2'\\n%s\n`
const env = { TOKEN: VALUE }

beforeAll(() => makeExtensionBuilder(`${bench.path}/extensions`))
afterAll(async () => {
  await removeExtensionBuilder()
  await bench.clear()
})

/** Prints the secrets with their modes; fails if a value is not exactly that of the user. */
const READING = [
  'stat -c "%n %a %u" /run/secrets/*',
  'stat -f -c "on %T" /run/secrets',
  '[ "$(sha256sum </run/secrets/key)" = "$(base64 -d expected | sha256sum)" ]',
  'cat /run/secrets/token /run/secrets/key',
  'mkdir -p "$CNB_LAYERS_DIR/dep"; date >"$CNB_LAYERS_DIR/dep/file"; printf "[types]\\nlaunch = true\\ncache = true\\nbuild = true\\n" >"$CNB_LAYERS_DIR/dep.toml"',
].join('\n')

async function makeApp(script: string, files: Record<string, string> = {}): Promise<{ app: string; secrets: string[] }> {
  const app = await bench.directory(appFiles(`${script}\n${processes({ web: 'ls -a /run/secrets 2>/dev/null; echo ran' })}`, { expected: Buffer.from(KEY).toString('base64'), ...files }))
  const key = await bench.directory({ 'a,b': KEY })
  return { app, secrets: ['--secret', 'id=token,env=TOKEN', '--secret', `id=key,"src=${key}/a,b"`] }
}

/** Everything that the engine keeps of a build: the image, its configuration, and the cache volumes with their labels. */
async function kept(image: string): Promise<string> {
  const volumes = (await docker('volume', 'ls', '--quiet', '--filter', `name=${image.replace('/', '_')}`)).split('\n').filter(Boolean)
  expect(volumes.length).toBeGreaterThan(1)
  const mounts = volumes.flatMap((volume) => ['--volume', `${volume}:/kept/${volume}:ro`])
  const files = await docker('run', '--rm', '--user', '0:0', ...mounts, '--entrypoint', 'sh', BUILDER, '-c', `grep -ra ${VALUE} /kept || echo nothing`)
  const inImage = await docker('run', '--rm', '--user', '0:0', '--entrypoint', 'sh', image, '-c', `grep -ra ${VALUE} /workspace /layers /cnb /run /tmp /etc || echo nothing`)
  expect([files, inImage]).toEqual(['nothing', 'nothing'])
  return [await docker('volume', 'inspect', ...volumes), await docker('image', 'inspect', image), await docker('history', '--no-trunc', image)].join('\n')
}

describe('a secret', () => {
  it.each(FLOWS)('is a file in memory for the buildpacks, and in no output and nothing that the engine keeps: %s', async (_, flow) => {
    const image = bench.image()
    const { app, secrets } = await makeApp(`${READING}\necho ready\nuntil [ -e /tmp/go ]; do read -t 0.05 <> <(:) || :; done`)
    const running = startCnb(['build', image, '--path', app, ...USING_BUILDER, ...flow, ...secrets, '--verbose', '--output', 'json'], { env })
    await running.line(/ready/)
    const all = (await docker('ps', '--quiet', '--filter', 'label=dev.cnb.owner')).split('\n').filter(Boolean)
    const inspected = await Promise.all(all.map((id) => docker('inspect', id).catch(() => '')))
    expect(inspected.join()).toContain('/run/secrets')
    await Promise.all(all.map((id) => docker('exec', id, 'touch', '/tmp/go').catch(() => '')))
    const { code, stdout, stderr } = await running.finished
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toMatch(/\/run\/secrets\/key 400 1001[^]*\/run\/secrets\/token 400 1001[^]*on tmpfs[^]*\*\*\*/)
    expect([stdout, stderr, ...inspected, await kept(image)].join('\n')).not.toContain(VALUE)
    expect(await docker('run', '--rm', image)).toBe('ran')
  })

  it.each([
    ['with image extensions', async () => EXTENSION_BUILDER, { 'extension/first/generate': dockerfile('build', ...asRoot('RUN echo made >/opt/tool')) }],
    ['in separate containers', async () => withoutFind(bench.image()), {}],
  ] as const)('reaches the buildpacks %s', async (_, builder, files) => {
    const image = bench.image()
    const { app, secrets } = await makeApp(READING, files)
    const { stdout, stderr } = await succeed(['build', image, '--path', app, '--builder', await builder(), '--pull-policy', 'never', ...secrets], { env })
    expect(stderr).toMatch(/\/run\/secrets\/key 400 1001[^]*on tmpfs[^]*\*\*\*/)
    expect([stdout, stderr, await docker('image', 'inspect', image)].join('\n')).not.toContain(VALUE)
    expect(await docker('run', '--rm', image)).toBe('ran')
  })

  it('leaves the image as it is without one, and is masked in the error of a buildpack', async () => {
    const [first, second] = [bench.image(), bench.image()]
    const { app, secrets } = await makeApp('true')
    await succeed(['build', first, '--path', app, ...USING_BUILDER])
    await succeed(['build', second, '--path', app, ...USING_BUILDER, ...secrets], { env })
    expect(await imageId(second)).toBe(await imageId(first))
    const failing = await makeApp('cat /run/secrets/token >&2; exit 7')
    const { code, stdout, stderr } = await runCnb(['build', bench.image(), '--path', failing.app, ...USING_BUILDER, ...failing.secrets, '--output', 'json'], { env })
    expect(code).not.toBe(0)
    expect(stdout + stderr).not.toContain(VALUE)
    expect(stdout + stderr).toContain('***')
  })
})
