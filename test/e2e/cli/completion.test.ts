import { execFileSync } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { BINARY, runCnb } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { SAMPLE_RUN_IMAGE } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

it('completes images of the engine in bash with the printed script', async () => {
  const image = bench.image()
  await docker('tag', SAMPLE_RUN_IMAGE, image)
  const bin = await bench.directory({})
  await symlink(BINARY, join(bin, 'cnb'))
  const { stdout: script } = await runCnb(['completion', 'bash'])
  const run = 'COMP_POINT=${#COMP_LINE}; _cnb; printf "%s\\n" "${COMPREPLY[@]}"'
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, COMP_LINE: `cnb inspect ${image.slice(0, -1)}` }
  expect(execFileSync('bash', ['-c', `${script}\n${run}`], { encoding: 'utf8', env }).trim()).toBe(image)
})

it('prints nothing but the end for a line that it cannot complete', async () => {
  const { code, stdout, stderr } = await runCnb(['__complete', '+', 'no-such-command'])
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: ':end\n', stderr: '' })
})
