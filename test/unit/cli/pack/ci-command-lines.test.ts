/** Command lines of pack in public CI scripts and documentation, with other names. */

import { describe, expect, it } from 'vitest'
import { packDialect } from '../../../../src/cli/pack/dialect.ts'
import { COMMANDS } from '../../../../src/cli/command-list.ts'
import { parseCommandLine } from '../../../../src/cli/program.ts'
import { cnbCommands } from '../../../support/documents/markdown.ts'
import { packTable } from '../../../support/pack/pack-table.ts'

const dialect = packDialect(COMMANDS)
const refused = packTable().filter(({ outcome }) => outcome === 'refused')

/** A command line, the command, and values of options. */
type Row = readonly [line: string, command: string, values: Readonly<Record<string, unknown>>]

const ROWS: readonly Row[] = [
  // GitLab Auto DevOps
  ['build tmp-cnb-image --builder heroku/builder:24 --env CI --buildpack heroku/nodejs --volume /a:/b:ro --run-image r --lifecycle-image l --env HTTP_PROXY --env http_proxy', 'build', { env: ['CI', 'HTTP_PROXY', 'http_proxy'] }],
  // Dokku
  ['build dokku/app:latest --builder heroku/builder:24 --path /tmp/app --default-process web --env-file /tmp/env', 'build', { defaultProcess: 'web', envFiles: ['/tmp/env'] }],
  // Tekton
  ['build r.example/app --path=/workspace/source/. --builder=b --publish=true --trust-builder=false --env=A=1 --env=B=2', 'build', { publish: true, trustBuilder: undefined, env: ['A=1', 'B=2'] }],
  ['build r.example/app -p /workspace/source -B b --network host --volume /env:/platform/env --cache-image r.example/cache --publish', 'build', { cacheImage: 'r.example/cache' }],
  // CircleCI and GitHub Actions
  ['build app:1.0 --tag r.example/app:1.0,r.example/app:latest --pull-policy if-not-present -e NODE_ENV=production -v', 'build', { tags: ['r.example/app:1.0', 'r.example/app:latest'] }],
  ['build app -e=BP_NODE_VERSION=22.* --env "BP_LAUNCH=a b" -qB b', 'build', { env: ['BP_NODE_VERSION=22.*', 'BP_LAUNCH=a b'], builder: 'b' }],
  ['--no-color build app --builder b --clear-cache --verbose --timestamps', 'build', { clearCache: true }],
  // Paketo's samples and integration tests
  ['build applications/native-image --builder paketobuildpacks/ubuntu-resolute-builder --run-image paketobuildpacks/ubuntu-resolute-run-tiny --env BP_JVM_VERSION=25', 'build', {}],
  ['build app --builder b --extension docker.io/paketobuildpacks/ubi-nodejs-extension --buildpack docker.io/paketobuildpacks/nodejs', 'build', { buildpacks: ['docker.io/paketobuildpacks/nodejs'] }],
  ['build app --buildpack one,two@1.0 -b ./three --sbom-output-dir sbom --creation-time now --network none', 'build', { buildpacks: ['one', 'two@1.0', './three'] }],
  ['builder create name --config ./builder.toml', 'builder create', { config: './builder.toml' }],
  ['builder create r.example/b -c builder.toml -t linux/amd64 --target linux/arm64 --publish', 'builder create', {}],
  ['builder create b --config builder.toml --pull-policy if-not-present --label a=1,b=2 --tag b:1', 'builder create', { labels: ['a=1', 'b=2'], tags: ['b:1'] }],
  ['builder inspect name --output json', 'builder inspect', { output: 'json' }],
  ['builder inspect b -d -1', 'builder inspect', { depth: '-1' }],
  ['inspect-builder b -o yaml --depth=2', 'builder inspect', { output: 'yaml', depth: '2' }],
  ['inspect-image app -o json', 'inspect', { output: 'json' }],
  ['inspect app --bom', 'inspect', {}],
  ['rebase r.example/app --publish --run-image r.example/run:new --force', 'rebase', { publish: true, runImage: 'r.example/run:new' }],
  ['sbom download app -o ./out --remote', 'sbom download', { outputDir: './out', remote: true }],
  ['buildpack package file.cnb --format=file --config ./package.toml', 'buildpack package', {}],
  ['buildpack package r.example/bp:1 --publish -t linux/amd64 -t linux/arm64 --path .', 'buildpack package', {}],
  ['package-buildpack bp -c package.toml', 'buildpack package', {}],
  ['config trusted-builders add b', 'config trusted-builders', {}],
  ['trust-builder b', 'config trusted-builders', {}],
  ['set-default-builder b', 'config default-builder', {}],
  ['config default-builder b', 'config default-builder', {}],
  ['config experimental true', 'config experimental', {}],
  ['config pull-policy never', 'config pull-policy', {}],
  ['config run-image-mirrors add run -m a -m b', 'config run-image-mirrors', {}],
  ['completion --shell zsh', 'completion', { shell: 'zsh' }],
  ['report -e', 'report', { explicit: true }],
]

/** Whether the reason is an option or command that docs/pack.md lists as refused. */
function isListed(message: string, command: string): boolean {
  const unknown = /unknown (?:option|command) '([^'=]+)/.exec(message)?.[1] ?? ''
  return refused.some((entry) => (entry.flag === undefined ? entry.command.split(' ').includes(unknown) : entry.command === command && entry.flag.split(/[ ,]+/).includes(unknown)))
}

describe('a command line of pack in a CI script', () => {
  it.each(ROWS)('is accepted: %s', (line, command, values) => {
    const { argv } = cnbCommands(`\`\`\`sh\ncnb ${line.replace(/"([^"]*)"/, "'$1'")}\n\`\`\`\n`)[0] ?? { argv: [] }
    const parsed = parseCommandLine(argv, 100, dialect)
    if (parsed.kind === 'wrong' && isListed(parsed.error.message, command)) return
    expect(parsed).toMatchObject({ kind: 'run', definition: { name: command }, values })
  })

  it.each([
    ['build', "missing required argument 'image'"],
    ['build app --nosuch', "unknown option '--nosuch'"],
    ['nosuch', "unknown command 'nosuch'"],
    ['inspect app --output xml', "option '-o, --output <format>' argument 'xml' is invalid"],
  ])('is refused with exit code 1: %s', (line, message) => {
    const parsed = parseCommandLine(line.split(' '), 100, dialect)
    if (parsed.kind !== 'wrong') throw new Error(parsed.kind)
    expect(parsed.error.message).toContain(message)
    expect(dialect.exitOf(parsed.error)).toBe(1)
  })

  it('has the help of the program pack', () => {
    expect(parseCommandLine(['--help'], 100, dialect)).toMatchObject({ text: expect.stringContaining('Usage: pack <command>') as string })
    expect(parseCommandLine(['sbom', 'download', '--help'], 100, dialect)).toMatchObject({ text: expect.stringContaining('-o, --output-dir') as string })
  })
})
