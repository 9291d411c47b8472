// Makes dist-binaries/ from dist/: an executable for each platform, its archive with licences, its SBOM, and checksums of all.
//
//   npm run package                             all platforms
//   npm run package -- linux-x64 darwin-arm64   some platforms
//   npm run package -- --no-archive own         only the executable, of this machine's platform, which takes seconds
//
// An executable is Bun with the bundle and its compiled code. The Bun of this machine compiles for all platforms.

import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs, promisify } from 'node:util'
import { pack } from 'tar-stream'
import { BUN_VERSION, bunPackage, fetchBun, PLATFORMS } from './bun.mjs'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const OUT = join(ROOT, 'dist-binaries')

/**
 * Options of the compiler. An app's directory is not trusted, so the executable reads no .env, bunfig.toml, tsconfig.json or package.json.
 * With the source maps, stack traces have positions in the bundle; with the maps of the bundle, positions in src (source-positions.ts).
 */
const OPTIONS = [
  '--compile', '--bytecode', '--minify-syntax', '--minify-whitespace', '--sourcemap=linked',
  // Functions are compiled to machine code after ten times as many calls: most runs end before that pays.
  '--compile-jit-policy=10',
  // Unused parts of dockerode have it; Bun would write the directory of this checkout.
  '--define=__dirname="/"',
  '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig', '--no-compile-autoload-tsconfig', '--no-compile-autoload-package-json',
]

/** Compiles the bundle for a platform. Returns the executable's path. */
async function compile(platform, compiler, directory) {
  const runtime = platform === ownPlatform() ? compiler : await fetchBun(platform, directory)
  const name = `cnb-${platform}${platform.startsWith('windows') ? '.exe' : ''}`
  const maps = (await readdir(DIST, { recursive: true })).filter((path) => /^(main\.js|chunks[/\\].*)\.map$/.test(path)).sort()
  const assets = maps.map((path) => `--asset=dist/${path}`)
  // Relative paths, because absolute ones would be in the executable.
  const target = `--target=bun-${PLATFORMS[platform].bun}-v${BUN_VERSION}`
  const made = join(directory, name)
  await promisify(execFile)(compiler, ['build', ...OPTIONS, ...assets, target, `--compile-executable-path=${runtime}`, 'dist/main.js', '--outfile', made], { cwd: ROOT })
  await copyFile(made, join(OUT, name))
  return join(OUT, name)
}

/** Packs the executable, its licences and the man pages into `<executable>.tar.xz`, in which only contents and names matter. */
async function archive(executable, platform) {
  const name = platform.startsWith('windows') ? 'cnb.exe' : 'cnb'
  const files = [[executable, name, 0o755], [join(ROOT, 'LICENSE'), 'LICENSE', 0o644], [join(DIST, 'LICENSES.txt'), 'LICENSES.txt', 0o644]]
  const pages = (await readdir(join(DIST, 'man'))).sort().map((page) => [join(DIST, 'man', page), `man/man1/${page}`, 0o644])
  const tar = pack()
  const path = join(OUT, `cnb-${platform}.tar.xz`)
  // One thread, because the number of threads changes the bytes.
  const xz = spawn('xz', ['-6', '--threads=1', '--stdout'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve, reject) => {
    xz.once('error', reject)
    xz.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`xz ended with ${code}`))))
  })
  const written = Promise.all([ended, pipeline(tar, xz.stdin), pipeline(xz.stdout, createWriteStream(path))])
  for (const [from, as, mode] of [...files, ...pages]) {
    const { size } = await stat(from)
    await pipeline(createReadStream(from), tar.entry({ name: as, size, mode, mtime: new Date(0) }))
  }
  tar.finalize()
  await written
}

/** Writes the SBOM of an executable: that of the bundle, and Bun. */
async function describe(platform) {
  const sbom = JSON.parse(await readFile(join(DIST, 'sbom.cdx.json'), 'utf8'))
  const content = Buffer.from(PLATFORMS[platform].sha512, 'base64').toString('hex')
  const name = bunPackage(platform)
  sbom.components.push({
    type: 'platform',
    name,
    version: BUN_VERSION,
    purl: `pkg:npm/${name.replace('@', '%40')}@${BUN_VERSION}`,
    hashes: [{ alg: 'SHA-512', content }],
    licenses: [{ license: { id: 'MIT' } }],
  })
  await writeFile(join(OUT, `cnb-${platform}.cdx.json`), `${JSON.stringify(sbom, undefined, 2)}\n`)
}

async function writeChecksums() {
  const names = (await readdir(OUT)).filter((name) => /\.(tar\.xz|cdx\.json)$/.test(name)).sort()
  const lines = await Promise.all(names.map(async (name) => `${createHash('sha256').update(await readFile(join(OUT, name))).digest('hex')}  ${name}\n`))
  await writeFile(join(OUT, 'checksums.txt'), lines.join(''))
}

function ownPlatform() {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
}

const { values, positionals } = parseArgs({ options: { 'no-archive': { type: 'boolean' } }, allowPositionals: true })
const platforms = positionals.length > 0 ? positionals.map((name) => (name === 'own' ? ownPlatform() : name)) : Object.keys(PLATFORMS)
for (const platform of [...platforms, ownPlatform()]) if (!(platform in PLATFORMS)) throw new Error(`cannot package for ${platform}: the platforms are ${Object.keys(PLATFORMS).join(', ')}`)
const directory = await mkdtemp(join(tmpdir(), 'cnb-package-'))
try {
  await rm(OUT, { recursive: true, force: true })
  await mkdir(OUT)
  const compiler = await fetchBun(ownPlatform(), directory)
  for (const platform of platforms) {
    const executable = await compile(platform, compiler, directory)
    await describe(platform)
    if (!values['no-archive']) await archive(executable, platform)
    process.stdout.write(`${executable}\n`)
  }
  if (!values['no-archive']) await writeChecksums()
} finally {
  await rm(directory, { recursive: true, force: true })
}
