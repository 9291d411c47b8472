/** Reads an image's contents with docker and tar-stream, independently of cnb's archive code. */

import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { docker, inspectImage } from '../engines/docker.ts'

/** Larger contents are omitted. */
const LARGEST_TEXT = 1 << 20

export interface TarFile extends Header {
  /** Empty for large files and other entries. */
  text: string
}

interface ImageConfigFile {
  created: string
  architecture: string
  config: { Env: string[]; Labels: Record<string, string>; Entrypoint: string[]; Cmd?: string[] | null; WorkingDir: string; User: string }
  history: { created?: string; created_by?: string; empty_layer?: boolean }[]
  rootfs: { diff_ids: string[] }
}

export interface SavedImage {
  /** sha256 of the configuration's bytes. */
  configDigest: string
  config: ImageConfigFile
  /** The layers above the base's, lowest first. */
  layers: { diffId: string; files: TarFile[] }[]
}

/** Reads an image's configuration and its layers above those of `base`. */
export async function savedImage(image: string, base: string): Promise<SavedImage> {
  const below = (await inspectImage(base)).RootFS.Layers.length
  await using directory = await makeTemporaryDirectory('cnb-e2e-image-')
  await docker('save', '--output', join(directory.path, 'image.tar'), image)
  await run('tar', ['-C', directory.path, '-xf', join(directory.path, 'image.tar')])
  const [manifest] = JSON.parse(await readFile(join(directory.path, 'manifest.json'), 'utf8')) as [{ Config: string; Layers: string[] }]
  const config = JSON.parse(await readFile(join(directory.path, manifest.Config), 'utf8')) as ImageConfigFile
  const layers: SavedImage['layers'] = []
  for (const [index, diffId] of config.rootfs.diff_ids.entries()) {
    if (index >= below) layers.push({ diffId, files: await readTar(await openLayer(join(directory.path, manifest.Layers[index] ?? ''))) })
  }
  return { configDigest: `sha256:${/[0-9a-f]{64}/.exec(manifest.Config)?.[0]}`, config, layers }
}

/** Returns the digest of an image's configuration, by which images are equal on every kind of engine. */
export async function configDigest(image: string): Promise<string> {
  const manifest = await output('sh', ['-c', 'docker save "$0" | tar -xOf - manifest.json', image])
  return `sha256:${/"Config":"[^"]*?([0-9a-f]{64})/.exec(manifest)?.[1]}`
}

/** Returns `path` in an image and everything below it, by name relative to `path`; `''` is the path itself. */
export async function filesIn(image: string, path: string): Promise<Map<string, TarFile>> {
  const container = await docker('create', '--entrypoint', '/none', image)
  try {
    const copy = spawn('docker', ['cp', `${container}:${path}`, '-'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const files = await readTar(copy.stdout)
    return new Map(files.map((file) => [file.name.replace(/\/$/, '').replace(/^[^/]*\/?/, ''), file]))
  } finally {
    await docker('rm', '--force', container)
  }
}

/** A containerd store saves layers compressed. */
async function openLayer(path: string): Promise<Readable> {
  const file = await open(path)
  const { buffer: head } = await file.read(Buffer.alloc(2), 0, 2, 0)
  await file.close()
  const stream = createReadStream(path)
  return head.readUInt16BE() === 0x1f8b ? stream.pipe(createGunzip()) : stream
}

async function readTar(stream: Readable): Promise<TarFile[]> {
  const files: TarFile[] = []
  for await (const entry of stream.pipe(extract())) {
    const small = (entry.header.size ?? 0) <= LARGEST_TEXT
    files.push({ ...entry.header, text: small ? (await buffer(entry)).toString() : '' })
    entry.resume()
  }
  return files
}

async function run(command: string, args: string[]): Promise<void> {
  await output(command, args)
}

async function output(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed, code] = await Promise.all([text(child.stdout), new Promise((resolve) => child.once('close', resolve))])
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`)
  return printed
}
