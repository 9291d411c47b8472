/** The environment of the image's processes (docs/conformance.md, checks 73 to 75). */

import { beforeAll, describe, expect, it } from 'vitest'
import { conformanceBuilds } from '../../support/conformance/conformance-build.ts'
import { docker, runImage } from '../../support/engines/docker.ts'
import { DRIVERS } from '../../support/engines/drivers.ts'

describe.each(DRIVERS)('%s driver: a container of the image', (driver) => {
  let image = ''
  let environment: Record<string, string> = {}
  const start = (entrypoint: string, ...args: string[]): Promise<string> => docker('run', '--rm', '--network', 'none', '--entrypoint', entrypoint, image, ...args)

  beforeAll(async () => {
    image = (await conformanceBuilds(driver)).one
    const printed = await runImage(image)
    environment = Object.fromEntries(printed.split('\0').map((variable) => [variable.replace(/=[\s\S]*/, ''), variable.replace(/^[^=]*=/, '')]))
  })

  it("#73 runs the default process, or another by type, with the user's arguments in place of the default ones", async () => {
    expect(environment).toHaveProperty('HOME')
    expect(await start('args')).toBe('always\nby\ndefault')
    expect(await start('args', 'the user')).toBe('always\nthe user')
  })

  it('#73 runs a command directly after two dashes, and otherwise with a shell', async () => {
    expect(await start('launcher', '--', 'printf', '%s', '$((1 + 1))')).toBe('$((1 + 1))')
    expect(await start('launcher', 'echo $((1 + 1))')).toBe('2')
  })

  it("#74 has the layers' variables, and their tools and libraries on the paths", async () => {
    expect(environment).toMatchObject({ BOTH: 'one', ONLY_WEB: 'web', LIST: 'head::tail', FROM_RUN_IMAGE: 'kept' })
    expect(environment).not.toHaveProperty('AT_BUILD')
    expect(environment['LD_LIBRARY_PATH']).toBe('/layers/conf_first/runtime/lib')
    expect(await start('launcher', 'layer-tool')).toBe('from the layer')
  })

  it('#74 has the variables of exec.d programs, in order, with priority over layers', async () => {
    expect(environment).toMatchObject({ FROM_EXEC_D: 'helper', WEB_EXEC_D: 'web after helper', AT_LAUNCH: 'exec.d' })
    expect((await start('launcher', 'echo "${ONLY_WEB:-}${WEB_EXEC_D:-}$FROM_EXEC_D"'))).toBe('helper')
  })

  it('#74 runs in the working directory of its process', async () => {
    expect(await start('there')).toBe('/workspace/public')
    expect(await start('launcher', 'pwd')).toBe('/workspace')
  })

  it('#75 is independent of the launcher', () => {
    expect(environment).not.toHaveProperty('CNB_LAYERS_DIR')
    expect(environment).not.toHaveProperty('CNB_APP_DIR')
    expect(environment).not.toHaveProperty('CNB_PROCESS_TYPE')
    expect(environment['PATH']).not.toContain('/cnb/process')
  })
})
