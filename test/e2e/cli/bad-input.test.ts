/** Faults during a native build: each ends in a clear error or a correct image, without leftovers. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cacheVolumes } from '../../../src/lifecycle/cache-volumes.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { runCnb, startCnb, succeed, type Finished } from '../../support/cnb.ts'
import { docker, imageId } from '../../support/engines/docker.ts'
import { QUICK } from '../../support/engines/drivers.ts'
import { forwardEngine } from '../../support/engines/forwarded-engine.ts'
import { configDigest } from '../../support/images/image-contents.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** The build's container; its name is the lock on the image's volume. */
function containerOf(image: string): string {
  const { layers } = cacheVolumes(parseTag(image), 'cnb-e2e')
  return `cnb-build-${createHash('sha256').update(layers).digest('hex').slice(0, 16)}`
}

/** Checks that the command failed with a message for people. */
function expectClear({ code, stdout, stderr }: Finished, ...words: RegExp[]): void {
  expect(code, stderr).toBeGreaterThan(0)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/CNB_[A-Z_]+/)
  expect(stderr).not.toContain('CNB_INTERNAL')
  expect(stderr, 'a stack is for --verbose').not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
  for (const word of words) expect(stderr).toMatch(word)
}

const MAKES_DEP = `L=$CNB_LAYERS_DIR; mkdir -p "$L/dep"; [ -f "$L/dep/file" ] || echo dep >"$L/dep/file"; printf '[types]\\nlaunch = true\\ncache = true\\n' >"$L/dep.toml"`

/** Waits where $WAIT says; $SIZE keeps the exporter busy long enough. */
const waiting = appFiles(
  `[ "\${WAIT:-}" != build ] || { echo "waiting in build"; sleep 1000; }
${MAKES_DEP}
[ -z "\${SIZE:-}" ] || head -c "$SIZE" /dev/urandom >"$L/dep/big"
${processes({ web: 'cat /layers/test_script/dep/file' })}`,
  {},
  '[ "${WAIT:-}" != detect ] || sleep 1000; exit 0',
)
const PHASES = [
  ['analyze', /analyz/i, []],
  ['detect', /detect/i, ['--env', 'WAIT=detect']],
  ['build', /waiting in build/, ['--env', 'WAIT=build']],
  ['export', /export/i, ['--env', 'SIZE=200000000']],
] as const

describe('a build', () => {
  const image = bench.image()
  let command: string[] = []
  let id = ''

  beforeAll(async () => {
    command = ['build', image, '--path', await bench.directory(waiting), ...USING_BUILDER]
    await succeed(command)
    id = await imageId(image)
  })

  it.each(PHASES.slice(1))('fails without leftovers if its container is removed in %s, and the next build works', async (_phase, line, options) => {
    const leftBehind = await watchEngine()
    const running = startCnb([...command, ...options])
    await running.line(line)
    await docker('rm', '--force', containerOf(image))
    expectClear(await running.finished)
    expect(await leftBehind()).toEqual([])
    expect(await imageId(image)).toBe(id)
    await succeed(command)
    expect(await imageId(image)).toBe(id)
  })

  it.each(PHASES)('leaves resources after a kill in %s that the next build removes', async (_phase, line, options) => {
    const leftBehind = await watchEngine()
    const running = startCnb([...command, ...options])
    await running.line(line)
    running.signal('SIGKILL')
    expect(await running.finished).toMatchObject({ code: undefined })
    await succeed(command)
    expect(await imageId(image)).toBe(id)
    expect(await leftBehind()).toEqual([])
  })

  it("fails with the engine's message if the engine refuses the image, and keeps the old image", async () => {
    await using engine = await forwardEngine(join(bench.path, 'full.sock'), /^POST \S*\/images\/load/)
    const leftBehind = await watchEngine()
    const result = await runCnb([...command, '--env', 'SIZE=100'], { env: { DOCKER_HOST: engine.address } })
    expectClear(result, /no space left on device/)
    expect(await imageId(image)).toBe(id)
    expect(await leftBehind()).toEqual([])
    await succeed(command)
    expect(await imageId(image)).toBe(id)
  })

  it('succeeds with a warning if its record cannot be written; the next build starts without layers', async () => {
    const app = await bench.directory(appFiles(`[ ! -e "$CNB_LAYERS_DIR/dep" ] || echo dep restored; ${MAKES_DEP}; date >"$L/dep/other"`))
    const other = bench.image()
    await using engine = await forwardEngine(join(bench.path, 'record.sock'), /^DELETE \S*\/volumes\/\S*\.record/)
    const first = await succeed(['build', other, '--path', app, ...USING_BUILDER], { env: { DOCKER_HOST: engine.address } })
    expect(first.stderr).toMatch(/next build starts without.*no space left on device/)
    expect((await succeed(['build', other, '--path', app, ...USING_BUILDER])).stderr).not.toContain('dep restored')
  })
})

describe('a buildpack', () => {
  /** Changes to its own directory: native ends as stock does, with the same image or the same exit code. */
  it.each([
    ['writes a layer file that is not TOML', 'echo "[types" >"$L/dep.toml"'],
    ['writes a layer file with a wrong type', `printf '[types]\\nlaunch = "yes"\\n' >"$L/dep.toml"`],
    ['writes a launch.toml that is not TOML', 'echo "[[processes" >"$L/launch.toml"'],
    ['writes a launch.toml with a wrong type', `printf '[[processes]]\\ntype = 7\\n' >"$L/launch.toml"`],
    ['writes a build.toml that is not TOML', 'echo "[[unmet" >"$L/build.toml"'],
    ['writes a store.toml that is not TOML', 'echo "[metadata" >"$L/store.toml"'],
    ['makes a layer named build', `mkdir "$L/build"; echo x >"$L/build/x"; printf '[types]\\nlaunch = true\\n' >"$L/build.toml"`],
    ['makes a layer named launch', 'mkdir "$L/launch"; echo x >"$L/launch/x"'],
    ['makes a layer named store', `mkdir "$L/store"; echo x >"$L/store/x"; printf '[types]\\nlaunch = true\\ncache = true\\n' >"$L/store.toml"`],
    ['makes a layer with links out of /layers', 'ln -s /etc/passwd "$L/dep/passwd"; ln -s ../../../etc "$L/dep/etc"'],
    ['replaces the file of a layer with a link out of /layers', 'rm "$L/dep.toml"; ln -s /etc/passwd "$L/dep.toml"'],
    ['makes a layer file without a directory', 'rm -rf "$L/dep"'],
  ])('has the result of the stock lifecycle if it %s', async (_title, script) => {
    const app = await bench.directory(appFiles(`${MAKES_DEP}\n${script}`))
    const ends: Record<string, unknown>[] = []
    for (const driver of ['native', 'stock'] as const) {
      const image = bench.image()
      const result = await runCnb(['build', image, '--path', app, ...USING_BUILDER, ...QUICK[driver]])
      if (result.code !== 0) expectClear(result)
      if (result.code !== 0) expect(await docker('image', 'ls', '--quiet', image)).toBe('')
      ends.push({ code: result.code, digest: result.code === 0 ? await configDigest(image) : undefined })
    }
    expect(ends[0]).toEqual(ends[1])
  })

  // The stock exporter follows the link.
  it('reports a layers directory that is a link out of /layers', async () => {
    const image = bench.image()
    const app = await bench.directory(appFiles(`${MAKES_DEP}\nmv "$L" /tmp/away; ln -s /tmp/away "$L"`))
    expectClear(await runCnb(['build', image, '--path', app, ...USING_BUILDER]), /symlink/)
    expect(await docker('image', 'ls', '--quiet', image)).toBe('')
  })

  it('restores a thousand layers', async () => {
    const image = bench.image()
    const script = `echo "found $(ls -d "$CNB_LAYERS_DIR"/*/ 2>/dev/null | wc -l)"; cd "$CNB_LAYERS_DIR"
for n in {1..1000}; do mkdir -p "$n"; [ -f "$n/file" ] || echo "$n" >"$n/file"; printf '[types]\\ncache = true\\n' >"$n.toml"; done; cd -`
    const command = ['build', image, '--path', await bench.directory(appFiles(script)), ...USING_BUILDER]
    expect((await succeed(command)).stderr).toContain('found 0')
    expect((await succeed(command)).stderr).toContain('found 1000')
  })

  it('does not export changes of a process that still writes to a layer', async () => {
    const image = bench.image()
    const script = `${MAKES_DEP}\nhead -c 30000000 /dev/zero >"$L/dep/big"
      (trap '' TERM HUP INT; exec >/dev/null 2>&1 </dev/null; while :; do date +%N >>"$L/dep/file"; date +%N >>"$L/dep/big"; echo >"$L/dep/$RANDOM"; done) & disown
      while [ "$(wc -l <"$L/dep/file")" -lt 20 ]; do :; done`
    const command = ['build', image, '--path', await bench.directory(appFiles(`[ -d "$CNB_LAYERS_DIR/dep" ] && { echo dep restored; exit 0; }\n${script}`)), ...USING_BUILDER]
    await succeed(command)
    expect((await succeed(command)).stderr).toContain('dep restored')
  })
})
