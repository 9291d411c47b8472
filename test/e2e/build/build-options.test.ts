import { execFileSync } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import { succeed } from '../../support/cnb.ts'
import { docker, imageId, inspectImage, runImage } from '../../support/engines/docker.ts'
import { FLOWS } from '../../support/engines/drivers.ts'
import { configDigest } from '../../support/images/image-contents.ts'
import { SAMPLE_RUN_IMAGE, USING_BUILDER, appFiles, buildpackFiles, processes } from '../../support/script-builder.ts'
import { makeSayingBench } from '../../support/saying-app.ts'

const bench = await makeSayingBench()
const { build, said, sayingApp } = bench
afterAll(() => bench.clear())

describe('the image', () => {
  it('is the same for any arrangement of phases, and in a rebuild without changes', async () => {
    const app = await sayingApp('mkdir "$CNB_LAYERS_DIR/dep"; echo dep >"$CNB_LAYERS_DIR/dep/file"; printf "[types]\\nlaunch = true\\n" >"$CNB_LAYERS_DIR/dep.toml"; echo hi >said')
    const digests = new Set<string>()
    for (const [, flow] of FLOWS) {
      const image = bench.image()
      const { id } = await build(image, app, flow)
      expect((await build(image, app, flow)).id).toBe(id)
      expect(await runImage(image)).toBe('hi')
      digests.add(await configDigest(image))
    }
    expect(digests.size).toBe(1)
  })

  it('is described by --output json, alone on stdout', async () => {
    const image = bench.image()
    const result = await build(image, await sayingApp('echo hi >said'))
    expect(result).toMatchObject({
      image: expect.stringContaining(image) as unknown,
      id: await imageId(image),
      buildpacks: [{ id: 'test/script', version: '1.0.0' }],
      platformApi: expect.stringMatching(/^0\.\d+$/) as unknown,
    })
    expect(result.phases.map(({ phase }) => phase)).toEqual(['analyzer', 'detector', 'restorer', 'builder', 'exporter'])
  })

  it("prints only the image's reference with --quiet", async () => {
    const image = bench.image()
    const { stdout, stderr } = await succeed(['build', image, '--path', await sayingApp('echo hi >said'), ...USING_BUILDER, '--quiet'])
    expect(stdout).toMatch(/^(\S+@)?sha256:[0-9a-f]{64}\n$/)
    expect(await imageId(stdout.trim())).toBe(await imageId(image))
    expect(stderr).toBe('')
  })

  it('uses the working directory as the app without --path', async () => {
    const image = bench.image()
    await succeed(['build', image, ...USING_BUILDER], { cwd: await sayingApp('echo here >said') })
    expect(await runImage(image)).toBe('here')
  })

  it('gets every --tag', async () => {
    const [image, second, third] = [bench.image(), bench.image(), `${bench.image()}:v1`]
    const { id } = await build(image, await sayingApp('echo hi >said'), ['--tag', second, '--tag', third])
    expect(await imageId(second)).toBe(id)
    expect(await imageId(third)).toBe(id)
  })

  it('starts the process of --default-process, and the others by name', async () => {
    const image = bench.image()
    const app = await bench.directory(appFiles(processes({ web: 'echo web', worker: 'echo worker' })))
    const { processes: made } = await build(image, app, ['--default-process', 'worker'])
    expect(made).toEqual([{ type: 'web', default: false }, { type: 'worker', default: true }])
    expect(await runImage(image)).toBe('worker')
    expect(await docker('run', '--rm', '--entrypoint', 'web', image)).toBe('web')
  })

  it.each([
    ['a process that is not the default', `printf '[[processes]]\\ntype = "worker"\\ncommand = ["echo", "working"]\\n' >"$CNB_LAYERS_DIR/launch.toml"`, / --entrypoint worker /],
    ['no process', '', /No process; .* <command>/],
  ])('prints the command that starts an image with %s, in build and inspect', async (_, script, expected) => {
    const image = bench.image()
    const app = await bench.directory(appFiles(script))
    const built = await succeed(['build', image, '--path', app, ...USING_BUILDER, '--no-color'])
    const inspected = await succeed(['inspect', `${image}:latest`, '--no-color'])
    const [command = ''] = /docker run --rm .*/.exec(built.stdout) ?? []
    expect(built.stdout).toMatch(expected)
    expect(inspected.stdout).toContain(command)
    const words = command.replace('<command>', 'echo working').split(' ').slice(1)
    expect(await docker(...words)).toBe('working')
  })

  it('uses the base of --run-image', async () => {
    const [image, base] = [bench.image(), bench.image()]
    const container = await docker('create', SAMPLE_RUN_IMAGE, 'true')
    await docker('commit', '--change', 'LABEL e2e.base=other', container, base)
    await docker('rm', container)
    const { runImage: used } = await build(image, await sayingApp('echo hi >said'), ['--run-image', base])
    expect(used).toContain(base)
    const [{ RootFS: app, Config }, { RootFS: run }] = await Promise.all([inspectImage(image), inspectImage(base)])
    expect(app.Layers.slice(0, run.Layers.length)).toEqual(run.Layers)
    expect(Config.Labels?.['e2e.base']).toBe('other')
  })

  it.each([
    ['the default, 1980', [], '1980-01-01T00:00:01Z'],
    ['seconds since 1970', ['--creation-time', '1700000000'], '2023-11-14T22:13:20Z'],
    ['a date', ['--creation-time', '2024-02-03T04:05:06Z'], '2024-02-03T04:05:06Z'],
  ])('takes its creation time from %s', async (_title, options, created) => {
    const image = bench.image()
    await build(image, await sayingApp('echo hi >said'), options)
    expect((await inspectImage(image)).Created).toBe(created)
  })

  it('sets the creation time to the time of the build with --creation-time now', async () => {
    const image = bench.image()
    const before = Math.floor(Date.now() / 1000) * 1000
    await build(image, await sayingApp('echo hi >said'), ['--creation-time', 'now'])
    const created = Date.parse((await inspectImage(image)).Created)
    expect(created).toBeGreaterThanOrEqual(before)
    expect(created).toBeLessThanOrEqual(Date.now())
  })
})

describe('the build environment', () => {
  it("has --env, with the host's value by default, and --env-file; --env wins", async () => {
    const app = await sayingApp('echo "$ONE,$TWO,$THREE" >said', { 'more.env': '# comment\nTHREE=file three\nONE=overridden\n' })
    const options = ['--env', 'ONE=a=b', '--env', 'TWO', '--env-file', join(app, 'more.env')]
    expect(await said(app, options, { env: { TWO: 'from the host' } })).toBe('a=b,from the host,file three')
  })

  it('uses the network of --network', async () => {
    expect(await said(await sayingApp('ls /sys/class/net >said'), ['--network', 'none'])).toBe('lo')
  })

  it('mounts a --volume, writable only if requested', async () => {
    const volume = await bench.directory({ file: 'from the volume' })
    const script = 'cat /mnt/volume/file >said; touch /mnt/volume/new 2>/dev/null && echo ", writable" >>said || echo ", read only" >>said'
    execFileSync('chmod', ['0777', volume])
    const app = await sayingApp(script)
    expect(await said(app, ['--volume', `${volume}:/mnt/volume`])).toBe('from the volume, read only')
    expect(await said(app, ['--volume', `${volume}:/mnt/volume:rw`])).toBe('from the volume, writable')
    expect(await readdir(volume)).toContain('new')
  })

  it('has the certificates of --ca-cert as a binding and in the usual variables', async () => {
    const certificate = execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=cnb e2e', '-days', '2'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const file = join(bench.path, 'ca.pem')
    await writeFile(file, certificate)
    const wanted = certificate.split('\n')[3] ?? ''
    const app = await sayingApp(
      `for d in "$CNB_PLATFORM_DIR"/bindings/*/; do grep -q ca-certificates "$d/type" && grep -rqF '${wanted}' "$d" && echo -n binding >said; done\n` +
        `for v in SSL_CERT_FILE NODE_EXTRA_CA_CERTS; do grep -qF '${wanted}' "\${!v}" && echo -n " $v" >>said; done; true`,
    )
    expect(await said(app, ['--ca-cert', file])).toBe('binding SSL_CERT_FILE NODE_EXTRA_CA_CERTS')
  })

  it("hides the engine's socket and credentials from buildpacks of an untrusted builder, and does not run them as root", async () => {
    const script = '{ grep -c "[.]sock" /proc/self/mountinfo || true; env | grep -cE "^(DOCKER_HOST|CNB_REGISTRY_AUTH)=" || true; id -u; } | tr "\\n" " " >said'
    expect(await said(await sayingApp(script))).toBe('0 0 1001')
  })
})

describe('caches and previous images', () => {
  /** Counts the builds that found their cache. */
  const counting = `mkdir -p "$CNB_LAYERS_DIR/count"; n=$(cat "$CNB_LAYERS_DIR/count/n" 2>/dev/null || echo 0)
    echo $((n + 1)) | tee "$CNB_LAYERS_DIR/count/n" >said; printf '[types]\\ncache = true\\n' >"$CNB_LAYERS_DIR/count.toml"`
  /** Makes a launch layer, or reuses that of the previous image. */
  const keeping = `if [ -f "$CNB_LAYERS_DIR/dep.toml" ]; then echo kept; else mkdir "$CNB_LAYERS_DIR/dep"; echo dep >"$CNB_LAYERS_DIR/dep/file"; echo made; fi >said
    printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"`

  it.each(FLOWS)('lasts from build to build until --clear-cache (%s)', async (_flow, flow) => {
    const [image, app] = [bench.image(), await sayingApp(counting)]
    const again = async (...options: string[]): Promise<string> => {
      await build(image, app, [...flow, ...options])
      return runImage(image)
    }
    expect(await again()).toBe('1')
    expect(await again()).toBe('2')
    expect(await again('--clear-cache')).toBe('1')
    expect(await again()).toBe('2')
  })

  it.each(FLOWS)('keeps launch layers for a rebuild (%s)', async (_flow, flow) => {
    const [image, app] = [bench.image(), await sayingApp(keeping)]
    await build(image, app, flow)
    expect(await runImage(image)).toBe('made')
    await build(image, app, flow)
    expect(await runImage(image)).toBe('kept')
    expect(await docker('run', '--rm', '--entrypoint', 'launcher', image, 'cat /layers/test_script/dep/file')).toBe('dep')
  })

  it('uses --previous-image, which stays unchanged', async () => {
    const [previous, image, app] = [bench.image(), bench.image(), await sayingApp(keeping)]
    const { id } = await build(previous, app)
    await build(image, app, ['--previous-image', previous])
    expect(await runImage(image)).toBe('kept')
    expect(await imageId(previous)).toBe(id)
  })
})

describe('output directories', () => {
  it('contains the bills of materials (--sbom-output-dir)', async () => {
    const app = await sayingApp(`echo hi >said; echo '{"bomFormat":"CycloneDX","specVersion":"1.4"}' | tee "$CNB_LAYERS_DIR/launch.sbom.cdx.json" >"$CNB_LAYERS_DIR/build.sbom.cdx.json"`)
    const out = join(bench.path, 'sboms')
    await build(bench.image(), app, ['--sbom-output-dir', out])
    const files = await readdir(out, { recursive: true })
    for (const kind of ['launch', 'build']) {
      const file = files.find((name) => name.endsWith(`${kind}/test_script/sbom.cdx.json`))
      expect(file, kind).toBeDefined()
      expect(JSON.parse(await readFile(join(out, file ?? ''), 'utf8'))).toMatchObject({ bomFormat: 'CycloneDX' })
    }
  })

  it('contains the report (--report-output-dir)', async () => {
    const [image, out] = [bench.image(), join(bench.path, 'report')]
    await build(image, await sayingApp('echo hi >said'), ['--report-output-dir', out])
    const report = parseToml(await readFile(join(out, 'report.toml'), 'utf8'), 'report.toml') as { image?: { tags?: string[] } }
    expect(report.image?.tags?.join()).toContain(image)
  })
})

describe('buildpacks', () => {
  const extra = buildpackFiles('test/extra', { version: '2.0.0', build: `echo extra >>said; ${processes({ extra: 'cat said' })}` })

  it('selects buildpacks of the builder by id, and from directories and tars, in the order of --buildpack', async () => {
    const directory = await bench.directory(extra)
    const tar = join(bench.path, 'extra.tar')
    const tgz = join(bench.path, 'extra.tgz')
    execFileSync('tar', ['-C', directory, '-cf', tar, '.'])
    execFileSync('tar', ['-C', directory, '-czf', tgz, '.'])
    const app = await sayingApp('echo script >>said')
    const results: string[] = []
    for (const locator of [directory, tar, tgz]) {
      const image = bench.image()
      const result = await build(image, app, ['--buildpack', 'test/script@1.0.0', '--buildpack', locator])
      expect(result.buildpacks).toEqual([{ id: 'test/script', version: '1.0.0' }, { id: 'test/extra', version: '2.0.0' }])
      expect(await runImage(image)).toBe('script\nextra')
      results.push(result.id)
    }
    expect(new Set(results).size).toBe(1)
  })

  it("replaces all files of the builder's buildpack with the same id and version", async () => {
    const own = buildpackFiles('test/script', { build: `echo $(ls "$CNB_BUILDPACK_DIR") >>said; ${processes({ own: 'cat said' })}` })
    expect(await said(await sayingApp('exit 1'), ['--buildpack', await bench.directory(own)])).toBe('bin buildpack.toml')
  })

  it('runs added buildpacks with a trusted builder', async () => {
    const app = await sayingApp('echo script >>said')
    expect(await said(app, ['--buildpack', 'test/script', '--buildpack', await bench.directory(extra)])).toBe('script\nextra')
  })
})

describe('--annotation', () => {
  it('annotates the manifest of a layout, and is an error for the engine alone', async () => {
    const app = await sayingApp('echo hi >said')
    const layout = join(bench.path, 'annotated')
    const annotated = ['--annotation', 'org.example.b=2', '--annotation', 'manifest:org.example.a=1']
    await build(bench.image(), app, [...annotated, '--to', `oci:${layout}`])
    const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] }
    const manifest = JSON.parse(await readFile(join(layout, 'blobs', manifests[0]!.digest.replace(':', '/')), 'utf8')) as object
    expect(manifest).toMatchObject({ annotations: { 'org.example.a': '1', 'org.example.b': '2' } })
    await expect(succeed(['build', bench.image(), '--path', app, ...USING_BUILDER, ...annotated])).rejects.toThrow(/CNB_UNSUPPORTED/)
  })
})
