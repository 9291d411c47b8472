import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { makeTemporaryDirectory } from '../../../../src/base/files.ts'
import { readConfig } from '../../../../src/operations/config/config-file.ts'
import { CONFIG_KEYS, CONFIG_LISTS, KEY_NAMES, settingsOfEnvironment } from '../../../../src/operations/config/config-keys.ts'
import { changeSetting } from '../../../../src/operations/config/change-settings.ts'

/** The lifecycle's variables (platform specification, "Operator inputs"), and those that cnb reads for other purposes. */
const TAKEN = `ANALYZED_PATH APP_DIR BP_PLAN_PATH BUILDPACKS_DIR BUILDPACK_DIR BUILD_CONFIG_DIR BUILD_IMAGE CACHE_DIR CACHE_IMAGE DEPRECATION_MODE EXEC_ENV
  EXPERIMENTAL_MODE EXTENDED_DIR EXTENSIONS_DIR EXTEND_KIND GENERATED_DIR GROUP_ID GROUP_PATH HOME INSECURE_REGISTRIES KANIKO_CACHE_TTL LAUNCHER_PATH
  LAUNCHER_SBOM_DIR LAUNCH_CACHE_DIR LAYERS_DIR LAYOUT_DIR LINUX_FEATURES LOG_LEVEL NO_COLOR ORDER_PATH OUTPUT_DIR PARALLEL_EXPORT PLAN_PATH PLATFORM_API
  PLATFORM_DIR PREVIOUS_IMAGE PROCESS_TYPE PROJECT_METADATA_PATH REGISTRY_AUTH REPORT_PATH RUN_IMAGE RUN_PATH SKIP_LAYERS SKIP_RESTORE STACK_ID STACK_PATH
  SYSTEM_PATH TARGET_ARCH TARGET_DISTRO_NAME TARGET_DISTRO_VERSION TARGET_OS TRACE UID USER_ID USE_DAEMON USE_LAYOUT`.split(/\s+/)

let home = ''
beforeEach(async () => {
  const directory = await makeTemporaryDirectory()
  onTestFinished(() => directory[Symbol.asyncDispose]())
  home = directory.path
})

const host = (env: Record<string, string> = {}) => ({ env, home, cwd: home })
const write = async (file: string, text: string): Promise<void> => {
  await mkdir(dirname(join(home, file)), { recursive: true })
  await writeFile(join(home, file), text)
}

describe('the table of keys', () => {
  it('has variables by one rule, none of which the lifecycle uses', () => {
    const variables = KEY_NAMES.flatMap((name) => CONFIG_KEYS[name].variable ?? [])
    expect(variables).toEqual(KEY_NAMES.filter((name) => !CONFIG_KEYS[name].ofPack).map((name) => `CNB_${name.toUpperCase().replaceAll('-', '_')}`))
    expect(variables.filter((variable) => TAKEN.includes(variable.slice('CNB_'.length)))).toEqual([])
  })

  it('is in the document', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../../docs/configuration.md'), 'utf8')
    for (const name of [...KEY_NAMES, ...Object.keys(CONFIG_LISTS)]) expect(text).toContain(`\`${name}\``)
    for (const { variable, is } of Object.values(CONFIG_KEYS)) if (variable !== undefined) expect(text).toContain(`| \`${variable}\` | ${is}`)
  })
})

describe('an environment variable', () => {
  it('replaces the value of the file, and counts as unset if it is empty', async () => {
    await write('.cnb/config.toml', 'pull-policy = "never"\nif-changed = true\n')
    const env = { CNB_PULL_POLICY: 'if-not-present', CNB_IF_CHANGED: '0', CNB_CACHE_SIZE: '1k', CNB_DEFAULT_BUILDER_IMAGE: '' }
    const { setBy, ...config } = await readConfig(host(env))
    expect(config).toMatchObject({ pullPolicy: 'if-not-present', ifChanged: false, cacheSize: 1024 })
    expect(config).not.toHaveProperty('defaultBuilder')
    expect(setBy).toEqual({ 'pull-policy': 'CNB_PULL_POLICY', 'if-changed': 'CNB_IF_CHANGED', 'cache-size': 'CNB_CACHE_SIZE' })
  })

  it('applies without a file', async () => {
    expect(await readConfig(host({ CNB_DEFAULT_BUILDER_IMAGE: 'some/builder' }))).toMatchObject({ defaultBuilder: 'some/builder', runImages: [] })
  })

  it.each([
    ['CNB_PULL_POLICY', 'daily', "'daily' is not a pull policy"],
    ['CNB_IF_CHANGED', 'toString', "'toString' is not true or false"],
    ['CNB_CACHE_SIZE', 'much', "'much' is not a size"],
    ['CNB_DEFAULT_BUILDER_IMAGE', 'No Image', 'No Image'],
  ])('is refused with its name: %s=%s', (name, text, words) => {
    let error: unknown
    try {
      settingsOfEnvironment({ [name]: text })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining(`${name}: `) as string })
    expect((error as Error).message).toContain(words)
  })
})

describe('the configuration file', () => {
  it('is that of ~/.cnb, of XDG or of pack, in this order', async () => {
    await write('.pack/config.toml', 'pull-policy = "never"')
    await write('.config/cnb/config.toml', 'pull-policy = "if-not-present"')
    expect((await readConfig(host())).pullPolicy).toBe('if-not-present')
    await write('xdg/cnb/config.toml', 'pull-policy = "always"')
    expect((await readConfig(host({ XDG_CONFIG_HOME: join(home, 'xdg') }))).pullPolicy).toBe('always')
    expect((await readConfig(host({ XDG_CONFIG_HOME: 'xdg' }))).pullPolicy).toBe('if-not-present')
    await write('.cnb/config.toml', 'pull-policy = "never"')
    expect((await readConfig(host({ XDG_CONFIG_HOME: join(home, 'xdg') }))).pullPolicy).toBe('never')
    expect((await readConfig(host({ XDG_CONFIG_HOME: join(home, 'xdg'), CNB_HOME: home, PACK_HOME: home }))).pullPolicy).toBeUndefined()
  })

  it('is made in XDG_CONFIG_HOME if that is set, and otherwise in ~/.cnb', async () => {
    const xdg = host({ XDG_CONFIG_HOME: join(home, 'xdg') })
    expect(await changeSetting('if-changed', 'true', xdg, {})).toBe(join(home, 'xdg/cnb/config.toml'))
    expect(await readFile(join(home, 'xdg/cnb/config.toml'), 'utf8')).toBe('if-changed = true\n')
    expect(await changeSetting('if-changed', '1', host({ XDG_CONFIG_HOME: 'relative' }), {})).toBe(join(home, '.cnb/config.toml'))
  })
})
