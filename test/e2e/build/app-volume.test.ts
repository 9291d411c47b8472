/** A large app stays in a volume between builds. The image does not depend on changes of its files. */

import { execFile } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { succeed } from '../../support/cnb.ts'
import { docker, inspectImage } from '../../support/engines/docker.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, USING_BUILDER, appFiles } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** The build leaves a list of the files that it finds, with their attributes. */
const LOOK = 'find . ! -name . ! -path ./script/seen -printf "%p %y %m %U %G %s %T@ %n %l\\n" | sort | sha256sum >/tmp/seen; [ ! -e keep-quiet ] || exit 0; cp /tmp/seen script/seen'

let app = ''
let image = ''

async function shell(script: string): Promise<void> {
  await promisify(execFile)('bash', ['-euc', script], { cwd: app })
}

/** Waits until all files are older than the resolution of file systems: a younger file is sent again. No program can set ctime. */
const age = (): Promise<void> => shell('newest=$(mktemp); until [ $(($(date +%s) - $(stat -c %Z "$newest"))) -gt 3 ]; do read -t 0.1 <><(:) || :; done; rm "$newest"')

beforeAll(async () => {
  app = await bench.directory(appFiles(LOOK, { 'keep-quiet': '', file: 'of the app' }))
  image = bench.image()
  await shell(`mkdir -p many deep/a/b/c; for n in {1..300}; do printf %s "$n" >many/$n; done; ln many/1 many/one; ln -s file link; printf x >$'odd \\xff\\nname'; printf x >deep/a/b/c/d; chmod 750 deep/a`)
  await shell('find . -exec touch -hd 2001-02-03 {} +')
  await age()
})

/** Builds the app; returns the lines of `--explain` about its files, and the image's layers. */
async function build(name = image, ...options: string[]): Promise<{ sent: string; read: string; layers: readonly string[] }> {
  const { stderr } = await succeed(['build', name, '--path', app, ...USING_BUILDER, '--explain', ...options], {})
  const [sent = '', read = ''] = [...stderr.matchAll(/files '\/workspace' +([^\n]*)/g)].map(([, outcome = '']) => outcome)
  return { sent, read, layers: (await inspectImage(name)).RootFS.Layers }
}

/** Builds with the volume and without any, and compares the images. */
async function expectSame(sent: RegExp): Promise<void> {
  const again = await build()
  expect(again.sent).toMatch(sent)
  expect(again.layers).toEqual((await build(bench.image())).layers)
}

async function expectFile(mounted: string): Promise<void> {
  expect(await readFile(join(mounted, 'precious'), 'utf8')).toBe('file')
}

const volume = async (): Promise<string> => (await docker('volume', 'ls', '--quiet', '--filter', `name=${image.replace('/', '_')}_latest`)).split('\n').find((name) => name.endsWith('.app')) ?? ''

/** Changes the volume by hand. */
async function change(script: string): Promise<void> {
  await docker('run', '--rm', '--user', '0', '--volume', `${await volume()}:/workspace`, '--workdir', '/workspace', '--entrypoint', 'bash', BUILDER, '-euc', script)
}

describe('the volume of a large app', () => {
  it('keeps an app that did not change: it is neither sent nor read again', async () => {
    const first = await build()
    expect(first.sent).toMatch(/^sent with the builder's tar: all/)
    const second = await build()
    expect(second.sent).toMatch(/^not sent: they are unchanged/)
    expect(second.read).toMatch(/^not read again: its files are unchanged/)
    expect(second.layers).toEqual(first.layers)
    // The image is not on the engine, so its layers are read.
    await docker('image', 'rm', '--force', image)
    expect((await build()).layers).toEqual(first.layers)
  })

  it('gets only the changes of the app', async () => {
    await shell(`printf new >many/7; rm many/8 link; ln -s many link; mv deep other; rm many/one; ln many/2 many/two; chmod 600 many/9; mkdir many/10x; rm many/11; mkdir many/11; printf x >many/11/x; printf x >.new; touch -hd 2002-02-02 many/12`)
    await age()
    await expectSame(/^sent with the builder's tar: \d\d of \d\d\d entries/)
    expect((await build()).sent).toMatch(/^not sent/)
  })

  it.each([
    ['a changed file with its old size and time', 'old=$(stat -c %y many/20); printf xx >many/20; touch -d "$old" many/20', /\d+ of \d+/],
    ['removed and added files', 'rm -r many/21 other; printf x >more; mkdir -p a/b; ln -s / many/21; chown -hR 1001:1000 .', /\d+ of \d+/],
    ['files of root', 'mkdir mine; printf x >mine/x; chmod 700 mine; chown -R 0:0 mine many/22; chmod 400 many/22', /sent with the builder's tar/],
    ['a directory of root that the build user cannot change', 'chown 0:0 many; chmod 755 many; printf x >many/23', /sent with the builder's tar/],
    ['other modes and owners', 'chmod 777 many/24; chown 5:5 many/25', /\d+ of \d+/],
    ['no files', 'rm -rf ./* ./.[!.]*', /\d+ of \d+/],
  ])('gets the right files after a hand left %s', async (_, script, sent) => {
    await build()
    await change(script)
    await expectSame(sent)
  })

  it('gets the right files after a build that changed them', async () => {
    await shell('rm keep-quiet')
    await age()
    const first = await build()
    const second = await build()
    expect(second.sent).toMatch(/ of \d+ entries/)
    expect(second.read).toMatch(/^read with the builder's tar/)
    expect(second.layers).toEqual(first.layers)
    await expectSame(/ of \d+ entries/)
    await shell('touch keep-quiet')
    await age()
  })

  it('is not used with a mount in the app, and the files of the mount stay', async () => {
    const mounted = await bench.directory({ precious: 'file' })
    expect((await build(image, '--volume', `${mounted}:/workspace/mounted:rw`)).sent).toMatch(/^sent through the engine/)
    await expectFile(mounted)
  })

  it('is not used with a mount that a link of the builder leads into the app', async () => {
    const [mounted, builder] = [await bench.directory({ precious: 'file' }), bench.image()]
    await docker('build', '--quiet', '--tag', builder, await bench.directory({ Dockerfile: `FROM ${BUILDER}\nUSER root\nRUN ln -s workspace /link\nUSER 1001:1000\n` }))
    // The build user may remove the file.
    await chmod(mounted, 0o777)
    for (let time = 0; time < 2; time++) {
      await build(image, '--builder', builder)
      const { sent } = await build(image, '--builder', builder, '--volume', `${mounted}:/link/mounted:rw`)
      expect(sent).toMatch(/^sent through the engine/)
      await expectFile(mounted)
    }
    await expectSame(/all:/)
  })

  it('is replaced for another builder, because its files in the directory belong to the app', async () => {
    const builder = bench.image()
    const directory = await bench.directory({ Dockerfile: `FROM ${BUILDER}\nUSER root\nRUN mkdir -p /workspace/of-builder && chown -R 1001:1000 /workspace\nUSER 1001:1000\n` })
    await docker('build', '--quiet', '--tag', builder, directory)
    const other = await build(image, '--builder', builder)
    expect(other.sent).toMatch(/^sent through the engine/)
    expect(other.layers).toEqual((await build(image, '--builder', builder)).layers)
    expect(await volume()).toBe('')
    await expectSame(/all:/)
  })

  it('is used by one of two builds at once', async () => {
    await build()
    await writeFile(join(app, 'many/30'), 'changed')
    const both = await Promise.all([build(), build()])
    const alone = await build(bench.image())
    for (const { layers } of both) expect(layers).toEqual(alone.layers)
    expect(both.filter(({ sent }) => / of \d+ entries/.test(sent))).toHaveLength(1)
  })

  it('is removed with the build that created it if that fails', async () => {
    const failing = bench.image()
    await expect(build(failing, '--run-image', SAMPLE_RUN_IMAGE, '--env', 'FAIL=1', '--default-process', 'none')).rejects.toThrow()
    expect(await docker('volume', 'ls', '--quiet', '--filter', `name=${failing.replace('/', '_')}`)).toBe('')
  })
})
