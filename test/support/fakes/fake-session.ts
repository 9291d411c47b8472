/**
 * The session script (src/lifecycle/native/run/session/session-script.ts) as a program of FakeEngine.
 *
 * It is the shell of a fake builder: it prints the script's lines and runs the engine's programs for detector and builder.
 */

import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { FakeEngine, FakeProcess, FakeProgram } from './fake-engine.ts'
import { type FakeFile, readTar } from './fake-files.ts'

const LAYERS = '/layers'
/** The script's limit on the size of a file outside of the layers' directories. */
const LARGE = 1024 * 1024

export interface FakeShell {
  /** False for an image without GNU tools. */
  readonly hasTools?: boolean
  /** The version that the builder's lifecycle prints. */
  readonly version?: string
}

/** The program of `/bin/sh` in a builder image. */
export function playSession(engine: FakeEngine, { hasTools = true, version = '0.21.0' }: FakeShell = {}): FakeProgram {
  return async (process) => {
    try {
      return await new Session(engine, process).play(hasTools, version)
    } catch (error) {
      if (error === END_OF_INPUT) return 0
      throw error
    }
  }
}

const END_OF_INPUT = new Error('the input has ended')

class Session {
  readonly #engine: FakeEngine
  readonly #process: FakeProcess
  readonly #input: AsyncIterator<Buffer>
  readonly #uid: number
  #rest: Buffer = Buffer.alloc(0)
  #mark = ''
  /** The app's directory, if it is in a volume. */
  #app: string | undefined

  constructor(engine: FakeEngine, process: FakeProcess) {
    this.#engine = engine
    this.#process = process
    this.#input = (process.stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
    this.#uid = Number(process.user.split(':')[0])
  }

  async play(hasTools: boolean, version: string): Promise<number> {
    this.#mark = await this.#line()
    if (!hasTools) {
      this.#say('missing')
      return 0
    }
    this.#data('attributes', this.#attributes(await this.#paths()))
    await this.#line()
    this.#data('paths', this.#listing())
    this.#data('fingerprints', this.#fingerprints(await this.#paths()))
    this.#remove(await this.#paths())
    this.#data('paths', this.#listing())
    let ask = await this.#line()
    if (ask === 'app') {
      await this.#receive()
      ask = await this.#line()
    }
    if (ask === 'restored') {
      this.#remove(await this.#paths())
      this.#data('paths', this.#listing())
      this.#data('attributes', this.#attributes(await this.#paths()))
      this.#data('fingerprints', this.#fingerprints(await this.#paths()))
      ask = await this.#line()
    }
    if (ask === 'secrets') {
      await this.#secrets()
      ask = await this.#line()
    }
    if ((await this.#run('detector')) !== 0) return 0
    for (const name of ['group', 'analyzed']) this.#data(name, this.#process.files.read(`${LAYERS}/${name}.toml`) ?? '')
    this.#remove(await this.#paths())
    this.#say('removed')
    if ((await this.#line()) === 'build' && (await this.#run('builder')) !== 0) return 0
    const metadata = this.#metadata()
    const large = metadata.filter(([, { header, content }]) => header.type !== 'directory' && content.length > LARGE)
    this.#data('large', large.map(([path, { content }]) => `${content.length} ${nameOf(path)}\0`).join(''))
    this.#data('survey', await survey(metadata))
    const layers = metadata.flatMap(([path, { header }]) => (header.type === 'directory' && isLayer(path) ? [nameOf(path)] : []))
    this.#data('attributes', this.#attributes(layers))
    this.#data('version', ask === 'ask' ? `${version}\n` : '')
    this.#data('app', this.#looks())
    this.#data('fingerprints', this.#fingerprints(await this.#paths()))
    for (;;) await this.#sendTar(await this.#paths())
  }

  /** Keeps the lines, as they are, in a file for each secret. */
  async #secrets(): Promise<void> {
    for (let name = await this.#line(); name !== ''; name = await this.#line()) {
      const lines: string[] = []
      for (let line = await this.#line(); line !== ''; line = await this.#line()) lines.push(line)
      this.#process.files.write(`/run/secrets/${name}`, lines.join('\n'))
    }
    this.#say('exit secrets 0')
  }

  async #receive(): Promise<void> {
    const [directory, state] = [await this.#line(), await this.#line()]
    this.#app = state === 'once' ? undefined : directory
    this.#data('app', this.#looks())
    let answer = await this.#line()
    if (answer === 'list') {
      this.#data('app', this.#appListing())
      answer = await this.#line()
    }
    if (answer === 'keep') return
    this.#remove(answer === 'some' ? await this.#paths() : this.#attributesOf(directory).flatMap(([path]) => (path === '' ? [] : [posix.join(directory, path)])))
    this.#say('ready')
    const pieces: Buffer[] = []
    for (let size = Number(await this.#line()); size > 0; size = Number(await this.#line())) {
      while (this.#rest.length < size) await this.#more()
      pieces.push(this.#take(size))
    }
    this.#process.files.add('/', await readTar(Buffer.concat(pieces)))
    this.#say('exit app 0')
    this.#data('app', this.#appListing())
  }

  #appListing(): string {
    if (this.#app === undefined) return ''
    return this.#attributesOf(this.#app).map(([path, attributes]) => (path === '' ? `${attributes.split(' ')[1]}\0` : `${path}\0${attributes}\0`)).join('')
  }

  #looks(): string {
    return this.#app === undefined ? '' : `${createHash('sha256').update(this.#appListing()).digest('hex')}  -\n`
  }

  async #sendTar([directory = '/', name = '', form]: readonly string[]): Promise<void> {
    const path = posix.join(directory, name)
    if (form !== 'list') this.#engine.reads.push(path)
    if (!this.#process.files.has(path)) return this.#say('no access')
    const entries = this.#process.files.list(path)
    this.#say(`tar ${entries.length}`)
    this.#data('tar', form === 'list' ? listOf(directory, entries) : await buffer(this.#process.files.archive(path)))
    this.#say('exit tar 0')
  }

  #say(words: string): void {
    this.#process.stdout?.write(`\0${this.#mark} ${words}\n`)
  }

  #data(name: string, content: Buffer | string): void {
    this.#say(`data ${name}`)
    if (content.length > 0) this.#process.stdout?.write(content)
    this.#say('end')
  }

  async #run(phase: string): Promise<number> {
    const program = this.#engine.programs.get(`/cnb/lifecycle/${phase}`)
    // The shell's and the script's own arguments precede the phase's: -c, the script, its name, the detector's log level.
    const [level, ...args] = this.#process.args.slice(3)
    const leveled = phase === 'detector' && level ? ['-log-level', level, ...args] : args
    const code = program ? await program({ ...this.#process, args: leveled, stdin: Readable.from([]) }) : 127
    this.#say(`exit ${phase} ${code}`)
    return code
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#input.next()
    if (done) throw END_OF_INPUT
    this.#rest = Buffer.concat([this.#rest, value])
  }

  async #line(): Promise<string> {
    while (!this.#rest.includes('\n')) await this.#more()
    const end = this.#rest.indexOf('\n')
    return this.#take(end + 1).toString().slice(0, -1)
  }

  async #paths(): Promise<string[]> {
    const size = Number(await this.#line())
    while (this.#rest.length < size) await this.#more()
    return this.#take(size).toString().split('\0').filter(Boolean)
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }

  /** Paths with one or two components. */
  #listing(): string {
    const paths = this.#process.files.list(LAYERS).map(([path]) => nameOf(path))
    return paths.filter((path) => [2, 3].includes(path.split('/').length)).map((path) => `${path}\0`).join('')
  }

  /** Entries of a directory with another owner stay. */
  #remove(paths: readonly string[]): void {
    const { files } = this.#process
    for (const path of paths.map((path) => posix.resolve(LAYERS, path))) {
      if (files.list(path).every(([, { header }]) => header.type !== 'directory' || header.uid === this.#uid)) files.remove(path)
    }
  }

  #attributesOf(directory: string): [path: string, attributes: string][] {
    const root = posix.resolve(LAYERS, directory)
    return this.#process.files.list(root).map(([path, { header, content, stamp = 0 }]) => {
      const { mode = 0o644, uid = 0, gid = 0, linkname = '' } = header
      const type = { directory: 'd', symlink: 'l' }[header.type as string] ?? 'f'
      return [posix.relative(root, path), `${type} ${mode.toString(8)} ${uid} ${gid} ${content.length} ${stamp} ${stamp} ${stamp} 1 ${linkname}`]
    })
  }

  #attributes(directories: readonly string[]): string {
    return directories.flatMap((directory) => this.#attributesOf(directory).map(([path, attributes]) => `${directory}\0${path}\0${attributes}\0`)).join('')
  }

  #fingerprints(directories: readonly string[]): string {
    const hash = (directory: string): string =>
      createHash('sha256').update(this.#attributes([directory])).digest('hex')
    return directories.map((directory) => `${hash(directory)}  -\n${directory}\0`).join('')
  }

  /** The layers' directories, and the files outside of them. */
  #metadata(): [string, FakeFile][] {
    const { files } = this.#process
    const own = files.list(LAYERS).filter(([path, { header }]) => {
      const name = nameOf(path)
      if (/^\.\/(?:sbom|config)\//.test(name)) return true
      const depth = name.split('/').length - 1
      return (depth <= 2 && (header.type === 'directory' || name.endsWith('.toml'))) || (depth <= 1 && header.type === 'symlink')
    })
    const ofLifecycle = files.list('/cnb/lifecycle').filter(([path]) => /\.sbom\.[^/]*\.json$/.test(path))
    return [...own, ...ofLifecycle]
  }
}

/** The path as the script's `find .` prints it; paths outside of `/layers` are unchanged. */
function nameOf(path: string): string {
  if (path === LAYERS) return '.'
  return path.startsWith(`${LAYERS}/`) ? `.${path.slice(LAYERS.length)}` : path
}

/** The entries' fields in the form of entry-list.ts. */
function listOf(directory: string, entries: readonly [string, FakeFile][]): string {
  return entries.map(([path, { header, content }]) => {
    const type = { directory: 'd', symlink: 'l' }[header.type as string] ?? 'f'
    return `${type}\0${content.length}\0./${posix.relative(directory, path)}\0${header.linkname ?? ''}\0`
  }).join('')
}

function isLayer(path: string): boolean {
  return /^\.\/(?!(?:sbom|config)\/)[^/]+\/[^/]+$/.test(nameOf(path))
}

function survey(entries: readonly [string, FakeFile][]): Promise<Buffer> {
  const archive = pack()
  for (const [path, { header, content }] of entries) archive.entry({ ...header, name: nameOf(path), size: content.length }, content)
  archive.finalize()
  return buffer(archive)
}
