/** The image does not depend on how files get into the build's container, and out of it. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { packTar, type TarEntry } from '../../../src/archive/tar/tar-writer.ts'
import { runCnb, succeed } from '../../support/cnb.ts'
import { inspectImage } from '../../support/engines/docker.ts'
import { filesIn } from '../../support/images/image-contents.ts'
import { USING_BUILDER, appFiles, builderWithTar } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** Files of every kind in the app and in layers, and a file that the build user cannot read. */
const SCRIPT = `mkdir odd; cd odd
printf linked >a; ln a b; mkdir z; ln a z/c; ln -s ../a z/link; ln z/link z/link-2; printf x >z.txt; printf x >z-a
truncate -s 3000000 hole; printf end >>hole; mkfifo pipe; printf x >setuid; chmod 4755 setuid; mkdir -m 1777 sticky; mkdir -m 2750 setgid
printf x >$'not utf-8 \\xff\\xc4\\x81'; printf x >$'a\\nb'; printf x >' '; printf x >-rf; ln -s $'\\xff' link; ln -s /none dangling
printf x >"$(printf 'n%.0s' {1..255})"; mkdir -p "$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..90})/$(printf 'f%.0s' {1..90})"
touch -d '1960-01-01 00:00:00.5' past; mkdir locked; printf x >locked/x; chmod 500 locked
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1) or die'
perl -e '($file, $name, $value) = ("a", "user.x", "1"); syscall(188, $file, $name, $value, 1, 0)'
cd ..
for layer in -plain 'a b' ünï; do mkdir "$CNB_LAYERS_DIR/$layer"; cp -a odd "$CNB_LAYERS_DIR/$layer/"; printf '[types]\\nlaunch = true\\ncache = true\\n' >"$CNB_LAYERS_DIR/$layer.toml"; done
mkdir "$CNB_LAYERS_DIR/none"; printf x >"$CNB_LAYERS_DIR/none/x"; chmod 0 "$CNB_LAYERS_DIR/none/x"; printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/none.toml"`

/** Writes files of every kind into the app, too many for one archive with the build's other input. */
async function fillApp(directory: string): Promise<void> {
  const script = `cd "$1"; umask 0; mkdir many; for n in {1..200}; do printf %s "$n" >many/$n; done
printf x >'not utf-8 '$'\\xff\\xc4\\x81'; printf x >ünï; printf x >$'a\\nb'; printf x >-rf; printf x >.wh.file; printf x >"$(printf 'n%.0s' {1..255})"
printf linked >a; ln a b; mkdir z; ln a z/c; ln -s . self; ln -s link-2 link; ln -s $'\\xff' odd-link; mkfifo pipe && rm pipe
printf x >setuid; chmod 6755 setuid; printf x >none; chmod 600 none; mkdir -m 2750 setgid; printf x >setgid/x; mkdir -m 1777 sticky; mkdir locked; printf x >locked/x; chmod 500 locked
mkdir -p "$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..90})/$(printf 'f%.0s' {1..90})"
touch -d '1960-01-01 00:00:00.5' past; touch -d '2039-01-19 03:14:08' future; touch -hd '2001-01-01' link; touch -d '2002-02-02' z`
  await promisify(execFile)('bash', ['-euc', script, 'bash', directory])
}

/** Looks at the app as the build finds it. */
const LOOK = 'find . ! -path ./listing ! -type d -printf "%p %y %m %U %G %s %T@ %n %l\\0" -o -type d ! -name . -printf "%p %m %U %G %T@\\0" | sort -z >/tmp/listing; stat -c "%a %u %g" . >>/tmp/listing; mv /tmp/listing .'

async function layersOf(image: string): Promise<readonly string[]> {
  return (await inspectImage(image)).RootFS.Layers
}

/** Returns the build's look at the app. */
async function listingOf(image: string): Promise<readonly string[]> {
  return (await filesIn(image, '/workspace')).get('listing')?.text.split('\0') ?? []
}

describe('an image', () => {
  it("has the same layers with the builder's tar, with an older one, and with options of the environment", async () => {
    const [old, preset] = [bench.image(), bench.image()]
    await builderWithTar(old, bench.path, 'case "$*" in *--sort*) exit 64;; esac')
    await builderWithTar(preset, bench.path, 'export POSIXLY_CORRECT=1')
    const app = await bench.directory(appFiles(`${LOOK}\n${SCRIPT}`, { file: 'of the app' }))
    await fillApp(app)
    const image = bench.image()
    const build = async (...options: string[]): Promise<string> =>
      (await succeed(['build', image, '--path', app, ...USING_BUILDER, '--clear-cache', '--explain', ...options], {})).stderr
    const explained = await build()
    expect(explained).toMatch(/files '\/workspace' +sent with the builder's tar/)
    expect(explained).toMatch(/files '\/workspace' +read with the builder's tar/)
    expect(explained).toMatch(/files '\/layers\/test_script\/-plain' +read with the builder's tar/)
    expect(explained).toMatch(/files '\/layers\/test_script\/none' +read through the engine: .*cannot read/)
    const layers = await layersOf(image)
    const found = await listingOf(image)
    expect(found.length).toBeGreaterThan(230)
    const older = await build('--builder', old)
    for (const way of ['sent', 'read']) expect(older).toMatch(new RegExp(`files '/workspace' +${way} through the engine: the builder has no GNU tar`))
    expect(await listingOf(image)).toEqual(found)
    expect(await layersOf(image)).toEqual(layers)
    await build('--builder', preset, '--env', 'TAR_OPTIONS=--exclude=*')
    expect(await layersOf(image)).toEqual(layers)
  })
})

describe('a hostile tar', () => {
  const owner = { uid: 0, gid: 0, mtime: 0 }
  const directory: TarEntry = { type: 'directory', name: 'workspace', mode: 0o755, ...owner }
  const file: TarEntry = { type: 'file', name: 'workspace/file', mode: 0o4777, size: 1, content: Buffer.from('x'), ...owner }

  /** Builds with a tar that prints these entries instead of the app's, runs `then`, and ends well. */
  async function build(entries: TarEntry[], then = '', bytes?: number): Promise<{ image: string; code: number | undefined; stderr: string }> {
    const [builder, image] = [bench.image(), bench.image()]
    const forged = (await buffer(packTar(entries))).subarray(0, bytes).toString('base64')
    await builderWithTar(builder, bench.path, `case "$*" in *--add-file=workspace) echo ${forged} | base64 -d; ${then} exit 0;; esac`)
    return { image, ...(await runCnb(['build', image, '--path', await bench.directory(appFiles('true')), ...USING_BUILDER, '--builder', builder])) }
  }

  it('cannot make another user the owner of a file', async () => {
    const { image, code, stderr } = await build([directory, file])
    expect(code, stderr).toBe(0)
    expect((await filesIn(image, '/workspace')).get('file')).toMatchObject({ uid: 1001, gid: 1000 })
  })

  it.each([
    ['a device', [directory, { ...directory, type: 'block', name: 'workspace/dev' }], '', undefined, 'has the device'],
    ['a name that leads out', [directory, { ...file, name: 'workspace/../etc/x' }], '', undefined, 'unexpected entry'],
    ['half an archive', [directory, file], '', 1024, 'truncated'],
    ['a failure', [directory, file], 'exit 1', undefined, 'exit code 1'],
  ] satisfies [string, TarEntry[], string, number | undefined, string][])('ends the build with an error for %s', async (_, entries, then, bytes, words) => {
    const { code, stderr } = await build(entries, then, bytes)
    expect(code).toBe(62)
    expect(stderr).toContain('CNB_EXPORT_FAILED')
    expect(stderr).toContain(words)
  })
})
