/** `--keep-on-failure` and `cnb shell`. */

import { afterAll, expect, it } from 'vitest'
import { runCnb } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { appFiles, processes, USING_BUILDER } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
const VALUE = 'v4lue-that-ends-with-the-container'

/** Returns the IDs of the kept containers. */
const keptOf = (image: string): Promise<string> => docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `label=dev.cnb.kept=${image}:latest`)

const image = bench.image()
afterAll(async () => {
  const id = (await keptOf(image)).trim()
  if (id !== '') await docker('rm', '--force', '--volumes', id)
  await bench.clear()
})

it('keeps one container of a failed build, in which commands run as the buildpacks do', async () => {
  const app = await bench.directory(appFiles('echo left >"$CNB_LAYERS_DIR/left"; echo tmp >/tmp/left; exit 7'))
  const build = () => runCnb(['build', image, '--path', app, '--keep-on-failure', '--secret', 'id=token,env=TOKEN', ...USING_BUILDER], { env: { TOKEN: VALUE } })
  const first = await build()
  expect(first.stderr).toContain(`To look around: cnb shell ${image}`)
  expect(first.code).toBe(51)
  const before = await keptOf(image)

  await build()
  const after = await keptOf(image)
  expect(after.trim().split('\n')).toHaveLength(1)
  expect(after).not.toBe(before)

  const looked = await runCnb(['shell', image, '--', 'sh', '-c', 'pwd; cat /layers/*/left /tmp/left; ls -A /run/secrets; id -u; echo odd >&2; exit 3'])
  expect(looked.stdout).toMatch(/^\/workspace\nleft\ntmp\n[1-9]\d*\n$/)
  expect(looked.stderr).toContain('odd')
  expect(looked.code).toBe(3)
  expect(await docker('inspect', '--format', '{{.State.Running}}', after.trim())).toContain('false')

  // The next build writes to the same volumes.
  await runCnb(['build', image, '--path', app, ...USING_BUILDER])
  expect(await keptOf(image)).toBe('')
})

it('refuses a shell without a terminal, and keeps nothing without the option', async () => {
  const other = bench.image()
  const app = await bench.directory(appFiles(`exit 7\n${processes({ web: 'true' })}`))
  expect((await runCnb(['build', other, '--path', app, ...USING_BUILDER])).stderr).not.toContain('cnb shell')
  expect(await keptOf(other)).toBe('')
  expect((await runCnb(['shell', other])).stderr).toContain('CNB_USAGE')
  expect((await runCnb(['shell', other, '--', 'true'])).stderr).toContain("no container of a failed build of '")
  expect((await runCnb(['build', other, '--path', app, '--keep-on-failure', '--lifecycle', 'stock', ...USING_BUILDER])).stderr).toContain('CNB_UNSUPPORTED')
})
