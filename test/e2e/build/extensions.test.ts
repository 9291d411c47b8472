/** Image extensions with the native driver (image_extension.md; docs/conformance.md, check 84). */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extensionLayer } from '../../../src/lifecycle/native/extensions/extension-layer.ts'
import type { ImageConfig } from '../../../src/oci/config.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import type { ImageManifest } from '../../../src/oci/manifest.ts'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import { type Finished, runCnb, startCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { docker, imageId, inspectImage, runImage } from '../../support/engines/docker.ts'
import {
  EXTENSION_BUILDER,
  asRoot,
  dockerfile,
  dockerfileFrom,
  makeExtensionBuilder,
  removeExtensionBuilder,
  withoutFind,
} from '../../support/extension-builder.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { asCommitted, getBlob, getDocument, reconfigure } from '../../support/images/registry-images.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { SAMPLE_RUN_IMAGE, appFiles, processes } from '../../support/script-builder.ts'
import { publishStock } from '../../support/registry/stock-publish.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
const otherBase = bench.image()

const USING = ['--builder', EXTENSION_BUILDER, '--pull-policy', 'never'] as const
const REBASABLE = 'io.buildpacks.rebasable'

/** The root capabilities that installing packages needs: other users, other owners, modes that only root may set. */
const INSTALLING = [
  'echo "made by $(id -un)" >/opt/tool',
  'useradd --create-home packager',
  'install --owner packager --mode 2755 -d /opt/owned',
  'cp /bin/true /opt/owned/set',
  'chown packager /opt/owned/set',
  'chmod 4755 /opt/owned/set',
  "su packager -s /bin/sh -c 'id -un >/tmp/who; sleep 1000 & echo $! >/tmp/pid'",
  'kill $(cat /tmp/pid)',
].join(' && ')

/** Prints a buildpack's view of that, and anything that it must not find. */
const LOOKING = [
  'cat /opt/tool /tmp/who',
  'stat -c "%U %a" /opt/owned /opt/owned/set',
  'id -un',
  'echo "${PATH%%:*}"',
  'grep -E "CapEff|NoNewPrivs" /proc/self/status',
  'for socket in /var/run/docker.sock /cnb-engine.sock; do if [ -e "$socket" ]; then echo "$socket"; fi; done',
  'find /kaniko /cnb -writable ! -type l -print 2>/dev/null || true',
].join('; ')

/** Files that extensions generate, by name. */
type Generating = Partial<Record<'first' | 'second', string>>

/** Makes an app; its build runs `script`, and its process runs `command`. */
function extendedApp(generating: Generating, { script = '', command = 'true', files = {} }): Promise<string> {
  const generate = Object.fromEntries(Object.entries(generating).map(([name, bash]) => [`extension/${name}/generate`, bash]))
  return bench.directory(appFiles(`${script}\n${processes({ web: command })}`, { ...generate, ...files }))
}

async function build(image: string, app: string, ...options: string[]): Promise<Finished> {
  return succeed(['build', image, '--path', app, ...USING, ...options])
}

/** Runs a build that fails. Returns its leftovers, without the volume of layers. */
async function leavings(run: (command: string[]) => Promise<Finished>, app: string): Promise<Finished & { left: readonly string[] }> {
  const image = bench.image()
  const leftBehind = await watchEngine()
  const finished = await run(['build', image, '--path', app, ...USING])
  const isItsOwn = (item: string): boolean => item.startsWith('container ') || item.includes(`${image.replace('/', '_')}_`)
  return { ...finished, left: (await leftBehind()).filter((item) => isItsOwn(item) && !item.endsWith('.layers')) }
}

function fail(app: string, ...options: string[]): ReturnType<typeof leavings> {
  return leavings((command) => runCnb([...command, ...options]), app)
}

const history = (image: string): Promise<string> => docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', image)

/** The extender's caches of an app. */
async function extenderCaches(image: string): Promise<string[]> {
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${image.replace('/', '_')}_latest`)
  return volumes.split('\n').filter((name) => /\.kaniko-[0-9a-f]+$/.test(name))
}

beforeAll(async () => {
  await makeExtensionBuilder(await bench.directory({}))
  const container = await docker('create', '--user', 'root', '--entrypoint', 'bash', SAMPLE_RUN_IMAGE, '-c', 'echo other >/etc/base-name')
  await docker('start', '--attach', container)
  const settings = ['ENTRYPOINT []', 'CMD []', 'USER 1002:1000', 'LABEL io.buildpacks.base.distro.version=99'].flatMap((change) => ['--change', change])
  await docker('commit', ...settings, container, otherBase)
  await docker('rm', container)
})

afterAll(async () => {
  await bench.clear()
  await removeExtensionBuilder()
})

describe('an extension of the build image', () => {
  it('installs packages for the buildpack, which still runs as the build user without any capability', async () => {
    const app = await extendedApp(
      { first: dockerfile('build', ...asRoot(`RUN ${INSTALLING}`, 'ENV PATH=/opt/bin:$PATH')) },
      { script: `{ ${LOOKING}; } >said`, command: 'cat said; ls /opt' },
    )
    const image = bench.image()
    const { stderr } = await build(image, app)
    expect((await runImage(image)).split('\n')).toEqual([
      'made by root',
      'packager',
      'packager 2755',
      'packager 4755',
      'cnb',
      '/opt/bin',
      'CapEff:\t0000000000000000',
      'NoNewPrivs:\t1',
    ])
    expect(await history(image)).not.toContain('extension')
    expect(stderr).toContain('as root')
    expect(stderr).toContain('[extender (build)] RUN echo "made by')
    expect(stderr).not.toContain('snapshot')
  })

  it('is applied again from its cache, and keeps the layers that the buildpack caches', async () => {
    const app = await extendedApp(
      { first: dockerfile('build', ...asRoot('RUN date +%s%N >/opt/when')) },
      {
        script: `layer="$CNB_LAYERS_DIR/dep"; [ -f "$layer/file" ] && echo "found the layer"
          mkdir -p "$layer"; cp /opt/when "$layer/file"; printf '[types]\\nlaunch = true\\ncache = true\\n' >"$layer.toml"`,
        command: 'cat /layers/test_script/dep/file',
      },
    )
    const image = bench.image()
    expect((await build(image, app)).stderr).not.toContain('found the layer')
    const [first, firstId] = [await runImage(image), await imageId(image)]
    expect((await build(image, app)).stderr).toContain('found the layer')
    expect(await runImage(image)).toBe(first)
    expect(await imageId(image)).toBe(firstId)
    expect((await build(image, app, '--clear-cache')).stderr).not.toContain('found the layer')
    expect(await runImage(image)).not.toBe(first)
  })

  it('passes on the exit code of a failing buildpack, and leaves nothing', async () => {
    const app = await extendedApp({ first: dockerfile('build', ...asRoot('ENV A=b')) }, { script: 'echo "I fail" >&2; exit 7' })
    const { code, stderr, left } = await fail(app)
    expect(code).toBe(51)
    expect(stderr).toContain('I fail')
    expect(left).toEqual([])
  })

  it("fails with the extender's message and exit code when a command of its Dockerfile fails, and leaves nothing", async () => {
    const app = await extendedApp({ first: dockerfile('build', ...asRoot('RUN echo "no such package"; exit 3')) }, {})
    const { code, stderr, left } = await fail(app)
    expect(code).toBe(102)
    expect(stderr).toContain('no such package')
    expect(stderr).toMatch(/Dockerfile could not be applied \(exit code 102\): .*exit status 3/)
    expect(stderr).toContain('CNB_BUILD_FAILED')
    expect(left).toEqual([])
  })

  it('is stopped by Ctrl-C, and leaves nothing', async () => {
    const app = await extendedApp({ first: dockerfile('build', ...asRoot('RUN echo "waiting now" && sleep 1000')) }, {})
    const interrupted = async (command: string[]): Promise<Finished> => {
      const running = startCnb(command)
      await running.line(/\] waiting now/)
      running.signal('SIGINT')
      return running.finished
    }
    expect(await leavings(interrupted, app)).toMatchObject({ code: 130, left: [] })
  })
})

describe('an extension of the run image', () => {
  it("adds its files as separate layers, and its settings to the app's; the same ones without a cache", async () => {
    const lines = ['RUN echo "made by $(id -un)" >/opt/added && ln /opt/added /opt/link && rm /etc/issue', 'COPY greeting /opt/greeting', 'ENV GREETED=yes']
    const app = await extendedApp(
      { first: dockerfile('run', ...asRoot(...lines)) },
      { command: 'cat /opt/added /opt/greeting; echo $GREETED; id -u; ls /etc/issue || true', files: { greeting: 'hello\n' } },
    )
    const [image, other] = [bench.image(), bench.image()]
    const { stderr } = await build(image, app)
    expect(await runImage(image)).toBe('made by root\nhello\nyes\n1002')
    expect(await history(image)).toContain("Layer: 'COPY greeting /opt/greeting', Created by extension: test/first")
    const { RootFS, Config } = await inspectImage(image)
    const base = await inspectImage(SAMPLE_RUN_IMAGE)
    expect(RootFS.Layers.slice(0, base.RootFS.Layers.length)).toEqual(base.RootFS.Layers)
    const { runImage: named } = JSON.parse(Config.Labels?.['io.buildpacks.lifecycle.metadata'] ?? '') as { runImage: object }
    expect(named).toMatchObject({ topLayer: base.RootFS.Layers.at(-1), image: SAMPLE_RUN_IMAGE })
    expect(JSON.parse(Config.Labels?.['io.buildpacks.build.metadata'] ?? '')).toMatchObject({ extensions: [{ id: 'test/first', version: '1.0.0' }] })
    expect(stderr).not.toContain('EXTENDER (BUILD)')

    await build(other, app)
    expect((await inspectImage(other)).RootFS.Layers).toEqual(RootFS.Layers)
  })

  it('switches to another run image, sets its target for buildpacks, and never runs as root', async () => {
    const app = await extendedApp(
      { first: dockerfileFrom('run', otherBase) },
      { script: 'echo "$CNB_TARGET_DISTRO_VERSION" >said', command: 'cat /etc/base-name said' },
    )
    const image = bench.image()
    const result = await succeedJson<BuildResult>(['build', image, '--path', app, ...USING])
    expect(result).toMatchObject({ image: `${image}:latest`, runImage: otherBase })
    expect(result.phases.map(({ phase }) => phase)).toEqual(expect.not.arrayContaining(['extender (run)']))
    expect(await runImage(image)).toBe('other\n99')
    const { RootFS, Config } = await inspectImage(image)
    const base = await inspectImage(otherBase)
    expect(RootFS.Layers.slice(0, base.RootFS.Layers.length)).toEqual(base.RootFS.Layers)
    expect(Config.Labels?.['io.buildpacks.base.distro.version']).toBe('99')
    const metadata = JSON.parse(Config.Labels?.['io.buildpacks.lifecycle.metadata'] ?? '') as { runImage: object }
    expect(metadata.runImage).toMatchObject({ topLayer: base.RootFS.Layers.at(-1), image: otherBase })
    expect(await extenderCaches(image)).toEqual([])
  })

  it('switches and then extends the new run image; extensions of the first one have no effect', async () => {
    const app = await extendedApp(
      {
        first: dockerfile('run', ...asRoot('RUN echo lost >/opt/lost')),
        second: dockerfileFrom('run', otherBase, ...asRoot('RUN cat /etc/base-name >/opt/seen')),
      },
      { command: 'ls /opt; cat /opt/seen' },
    )
    const image = bench.image()
    await build(image, app)
    expect(await runImage(image)).toBe('seen\nother')
  })

  it('fails when it leaves root as the user', async () => {
    const app = await extendedApp({ first: dockerfile('run', 'USER root', 'RUN true') }, {})
    const { code, stderr, left } = await fail(app)
    expect(code).toBe(102)
    expect(stderr).toContain('the final user ID is 0 (root)')
    expect(left).toEqual([])
  })

  it('may leave root as the user when a later extension resets it', async () => {
    const app = await extendedApp(
      { first: dockerfile('run', 'USER root', 'RUN echo one >/opt/one'), second: dockerfile('run', 'ENV TWO=two', 'USER 1002:1000') },
      { command: 'cat /opt/one; echo $TWO; id -u' },
    )
    const image = bench.image()
    await build(image, app)
    expect(await runImage(image)).toBe('one\ntwo\n1002')
  })

  it('fails when the image that it switches to is missing', async () => {
    const app = await extendedApp({ first: dockerfileFrom('run', 'cnb-e2e/nowhere:none') }, {})
    const { code, stderr } = await fail(app)
    expect(code).toBe(1)
    expect(stderr).toContain('cnb-e2e/nowhere:none')
  })
})

describe('rebasing an app on an extended run image', () => {
  it('is refused unless each Dockerfile allows it', async () => {
    const rebasable = `LABEL ${REBASABLE}=true`
    const yes = await extendedApp({ first: dockerfile('run', ...asRoot('RUN echo 1 >/opt/a', rebasable)) }, { command: 'cat /opt/a /etc/base-name || true' })
    const no = await extendedApp({ first: dockerfile('run', rebasable), second: dockerfile('run', `LABEL ${REBASABLE}=false`) }, {})
    const [allowed, refused] = [bench.image(), bench.image()]
    await build(allowed, yes)
    await build(refused, no)
    expect((await inspectImage(allowed)).Config.Labels?.[REBASABLE]).toBe('true')
    expect((await inspectImage(refused)).Config.Labels?.[REBASABLE]).toBe('false')
    expect((await runCnb(['rebase', refused, '--pull-policy', 'never'])).code).toBe(72)
    await succeed(['rebase', allowed, '--pull-policy', 'never', '--run-image', otherBase, '--force'])
    expect(await runImage(allowed)).toBe('1\nother')
  })
})

describe('with a run image in a registry only', () => {
  let registry: Registry
  let far = ''
  const repositoryOf = (name: string): string => name.slice(registry.address.length + 1)

  /** Builds for the registry. Returns the output of the image's process, and the image's name. */
  async function publish(app: string, ...options: string[]): Promise<[said: string, image: string]> {
    const image = `${registry.address}/${bench.image()}`
    const using = ['--builder', EXTENSION_BUILDER, '--pull-policy', 'if-not-present']
    await succeed(['build', image, '--path', app, ...using, '--publish', ...options])
    return [await runImage(image), image]
  }

  /** The bytes of an image's configuration, and its layers as stored. */
  async function stored(name: string): Promise<{ config: string; layers: ImageManifest['layers'] }> {
    const { config, layers } = (await getDocument<ImageManifest>(registry, repositoryOf(name), 'latest'))!.document
    return { config: (await getBlob(registry, repositoryOf(name), config.digest)).toString(), layers }
  }

  const onEngine = (name: string): Promise<string> => docker('image', 'ls', '--quiet', name.replace(/:latest$/, ''))

  beforeAll(async () => {
    registry = await startRegistry()
    far = `${registry.address}/${bench.image()}:latest`
    await docker('tag', SAMPLE_RUN_IMAGE, far)
    await docker('push', '--quiet', far)
    await docker('image', 'rm', far)
    await reconfigure(registry, repositoryOf(far).replace(':latest', ''), ({ config, ...more }) =>
      asCommitted({ ...more, config: { ...config, Labels: { ...config.Labels, 'io.buildpacks.base.distro.version': '99' } } }))
  })
  afterAll(() => registry[Symbol.asyncDispose]())

  it('switches to it, and the engine never has it', async () => {
    const saying = { script: 'echo "$CNB_TARGET_DISTRO_VERSION" >said', command: 'cat said' }
    const app = await extendedApp({ first: dockerfileFrom('run', far) }, saying)
    const [said, image] = await publish(app)
    expect(said).toBe('99')
    expect(await onEngine(far)).toBe('')
    expect((await stored(image)).config).toContain(`\\"image\\":\\"${far}\\"`)
  })

  it('adds to it, with the image of the stock lifecycle except for times', async () => {
    const adding = [
      'RUN mkdir /opt/made && echo made >/opt/made/file && ln /opt/made/file /opt/made/link && chmod 4755 /opt/made/file && rm /etc/issue',
      'RUN install --owner 1234 --mode 2755 -d /opt/owned && ln -s made /opt/link',
      'ENV GREETED=yes',
    ]
    const app = await extendedApp(
      { first: `${dockerfile('build', ...asRoot('RUN echo tool >/opt/tool'))}${dockerfile('run', ...asRoot(...adding))}` },
      {
        script: `mkdir "$CNB_LAYERS_DIR/dep"; cp /opt/tool "$CNB_LAYERS_DIR/dep"
          printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"`,
        command: 'cat /layers/test_script/dep/tool /opt/made/file; echo $GREETED',
      },
    )
    const [said, native] = await publish(app, '--run-image', far)
    expect(said).toBe('tool\nmade\nyes')
    // The extender's container runs that image.
    expect(await onEngine(far)).not.toBe('')

    const stock = `${registry.address}/${bench.image()}`
    const [scratch, volumes] = [await bench.directory({}), repositoryOf(stock).replace('/', '_')]
    const from = { app, builder: EXTENSION_BUILDER, runImage: far, platformApi: '0.15' }
    await publishStock({ registry, image: stock, ...from, scratch, volumes, extending: true })
    const [ours, theirs] = [await stored(native), await stored(stock)]
    const diffIds = ({ config }: { config: string }): string[] => (JSON.parse(config) as ImageConfig).rootfs.diff_ids
    // The extender's layers contain the times of writing and reading, so no two are equal: the stock exporter keeps two of these
    // times, native none.
    const differing = diffIds(theirs).filter((diffId, index) => diffId !== diffIds(ours)[index])
    expect(differing).toHaveLength(2)
    let expected = theirs.config
    for (const diffId of differing) {
      const { digest } = theirs.layers[diffIds(theirs).indexOf(diffId)]!
      const blob = Readable.from([gunzipSync(await getBlob(registry, repositoryOf(stock), digest))])
      expected = expected.replace(diffId, digestOf(await buffer(extensionLayer(blob))))
    }
    expect(ours.config).toBe(expected)
  })
})

describe('extensions of both images', () => {
  const context = (kind: string): string => `mkdir "$CNB_OUTPUT_DIR/context.${kind}"; echo "for ${kind}" >"$CNB_OUTPUT_DIR/context.${kind}/given"\n`
  const lines = asRoot('ARG word', 'COPY given /opt/given', 'RUN echo "$word" >/opt/word')
  const args = ['build', 'run'].map((kind) => `[[${kind}.args]]\nname = "word"\nvalue = "${kind} argument"\n`).join('')
  const both = {
    first: `${context('build')}${context('run')}${dockerfile('build', ...lines)}${dockerfile('run', ...lines)}
cat >"$CNB_OUTPUT_DIR/extend-config.toml" <<'END_OF_TOML'\n${args}END_OF_TOML\n`,
  }
  const saying = { script: 'cat /opt/given /opt/word >said', command: 'cat said /opt/given /opt/word' }
  const said = 'for build\nbuild argument\nfor run\nrun argument'

  it('works for both images, with separate contexts and arguments, and leaves one cache and no container', async () => {
    const leftBehind = await watchEngine()
    const image = bench.image()
    await build(image, await extendedApp(both, saying))
    expect(await runImage(image)).toBe(said)
    expect(await extenderCaches(image)).toHaveLength(1)
    expect((await leftBehind()).filter((item) => item.startsWith('container'))).toEqual([])
  })

  it('works with a builder without tools for a session, with renamed buildpacks', async () => {
    const builder = await withoutFind(bench.image())
    const image = bench.image()
    await succeed(['build', image, '--path', await extendedApp(both, saying), '--builder', builder, '--pull-policy', 'never', '--buildpack', 'test/script'])
    expect(await runImage(image)).toBe(said)
  })

  it('stops the build with the exit code of a failing generate', async () => {
    const app = await extendedApp({ first: 'echo "cannot generate" >&2\nexit 5' }, {})
    const { code, stderr } = await fail(app)
    expect(code).toBe(91)
    expect(stderr).toContain('cannot generate')
  })

  it('costs and leaves nothing if extensions have nothing to do', async () => {
    const app = await extendedApp({ first: '' }, { command: 'echo plain' })
    const image = bench.image()
    const { stderr } = await build(image, app)
    expect(await runImage(image)).toBe('plain')
    expect(stderr).not.toMatch(/extender|as root/i)
    expect(await extenderCaches(image)).toEqual([])
  })

  it('cannot be used with the stock driver, which would need a registry', async () => {
    const app = await extendedApp({ first: dockerfile('run', ...asRoot('RUN true')) }, {})
    const { code, stderr, left } = await fail(app, '--lifecycle', 'stock')
    expect(code).toBe(2)
    expect(stderr).toMatch(/CNB_UNSUPPORTED/)
    expect(stderr).toContain("Leave out '--lifecycle stock'")
    expect(left).toEqual([])
  })
})
