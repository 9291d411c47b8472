/** An engine that is killed during a build and started again. The file has a separate engine for this. */

import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCnb, succeed } from '../../support/cnb.ts'
import { SAMPLE_RUN_IMAGE, USING_BUILDER, BUILDER, appFiles } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const run = promisify(execFile)
const NAME = `kill-${process.pid}`
const ADDRESS = `unix:///run/cnb-engines/${NAME}/docker.sock`
const SUPPORT = join(import.meta.dirname, '../../support/engines')
const env = { DOCKER_HOST: ADDRESS }

/** Only if a separate engine is available: unpacking one takes minutes. */
const isPossible = process.getuid?.() === 0 && existsSync('/opt/cnb-engines/rootfs/usr/sbin/dockerd')

const there = (...args: string[]): Promise<string> => run('docker', args, { env: { ...process.env, ...env } }).then(({ stdout }) => stdout.trim())

const up = (): Promise<unknown> => run(join(SUPPORT, 'engine-up'), [NAME])

/** Kills it and removes its pid file: an unreaped process keeps its number, which would prevent a new start. */
function kill(): void {
  const file = `/run/cnb-engines/${NAME}/docker.pid`
  const pid = readFileSync(file, 'utf8').trim()
  process.kill(Number(pid), 'SIGKILL')
  execFileSync('sh', ['-c', 'while readlink "/proc/$0/exe" >/dev/null; do :; done; rm -f "$1"', pid, file])
}

/** Everything on it except images, after the engine has removed the container of the last build (Container.leave). */
async function contents(): Promise<string[]> {
  await expect.poll(() => there('ps', '--all', '--quiet', '--filter', 'name=cnb-'), { timeout: 10_000 }).toBe('')
  const found = [await there('ps', '--all', '--format', '{{.Names}}'), await there('volume', 'ls', '--format', '{{.Name}}')]
  return found.flatMap((names) => names.split('\n')).filter(Boolean).sort()
}

describe.runIf(isPossible)('survives a killed engine', () => {
  const image = 'cnb-e2e/mortal'
  let bench: Awaited<ReturnType<typeof makeWorkbench>> | undefined
  let command: string[] = []

  beforeAll(async () => {
    bench = await makeWorkbench()
    await up()
    execFileSync('sh', ['-c', 'docker save "$0" "$1" | docker --host "$2" load', BUILDER, SAMPLE_RUN_IMAGE, ADDRESS])
    const script = `[ "\${WAIT:-}" != build ] || { echo "waiting in build"; sleep 1000; }
L=$CNB_LAYERS_DIR; [ -d "$L/dep" ] && echo "dep restored"; mkdir -p "$L/dep"; echo dep >"$L/dep/file"; printf '[types]\\nlaunch = true\\ncache = true\\n' >"$L/dep.toml"
[ -z "\${SIZE:-}" ] || head -c "$SIZE" /dev/urandom >"$L/dep/big"`
    const app = await bench.directory(appFiles(script, {}, '[ "${WAIT:-}" != detect ] || sleep 1000; exit 0'))
    command = ['build', image, '--path', app, ...USING_BUILDER]
    await succeed(command, { env })
  })

  afterAll(async () => {
    await run(join(SUPPORT, 'engine-down'), [NAME, '--purge'])
    // Containers of a killed engine outlive it.
    execFileSync('sh', ['-c', 'for shim in $(pgrep -f "/run/cnb-engines/$0/"); do kill -s KILL $(pgrep -P "$shim") "$shim"; done 2>/dev/null; true', NAME])
    await bench?.clear()
  })

  it.each([
    ['detect', /detect/i, ['--env', 'WAIT=detect']],
    ['build', /waiting in build/, ['--env', 'WAIT=build']],
    ['export', /export/i, ['--env', 'SIZE=300000000']],
  ] as const)('ends with 125 in %s; after a restart the image is unchanged, and the next build cleans up', async (_phase, line, options) => {
    const [id, before] = [await there('image', 'inspect', '--format', '{{.Id}}', image), await contents()]
    const running = startCnb([...command, ...options], { env })
    await running.line(line)
    kill()
    const result = await running.finished
    expect(result.code, result.stderr).toBe(125)
    expect(result).toMatchObject({ stdout: '' })
    expect(result.stderr).toMatch(/CNB_ENGINE_(LOST|UNREACHABLE)/)
    await up()
    expect(await there('image', 'inspect', '--format', '{{.Id}}', image)).toBe(id)
    await succeed(command, { env })
    expect(await contents()).toEqual(before)
  })
})
