/** Loads crafted images: architectures, labels and environments that builds do not create. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { pack } from 'tar-stream'

export interface CraftedImage {
  architecture?: string
  os?: string
  user?: string
  env?: string[]
  labels?: Record<string, string>
  /** The files of its one layer by path, without leading slash. */
  files?: Record<string, string>
}

/** Loads an image with one layer into the engine under the name. */
export async function loadCraftedImage(name: string, image: CraftedImage): Promise<void> {
  const layer = tar(image.files ?? { 'etc/crafted': name })
  const config = JSON.stringify({
    architecture: image.architecture ?? (process.arch === 'arm64' ? 'arm64' : 'amd64'),
    os: image.os ?? 'linux',
    created: '1980-01-01T00:00:01Z',
    config: { User: image.user ?? '', Env: image.env ?? ['PATH=/usr/bin:/bin'], Labels: image.labels ?? {} },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(await layer)}`] },
    history: [{ created: '1980-01-01T00:00:01Z', created_by: 'crafted' }],
  })
  const manifest = [{ Config: `${sha256(config)}.json`, RepoTags: [name.includes(':') ? name : `${name}:latest`], Layers: ['layer.tar'] }]
  await load(await tar({ [`${sha256(config)}.json`]: config, 'layer.tar': await layer, 'manifest.json': JSON.stringify(manifest) }))
}

/** Loads an image into the engine under all names. @param layers tars, lowest first */
export async function loadImage(names: readonly string[], config: object, layers: readonly Buffer[]): Promise<void> {
  const files = Object.fromEntries(layers.map((layer, at) => [`${at}.tar`, layer]))
  const manifest = [{ Config: 'config.json', RepoTags: names, Layers: Object.keys(files) }]
  await load(await tar({ 'config.json': JSON.stringify(config), ...files, 'manifest.json': JSON.stringify(manifest) }))
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Returns a tar of files. */
export async function tar(files: Record<string, string | Buffer>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function load(archive: Buffer): Promise<void> {
  const child = execFile('docker', ['load', '--quiet'])
  child.stdin?.end(archive)
  const [error, code] = await Promise.all([
    child.stderr === null ? '' : text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ])
  if (code !== 0) throw new Error(`docker load: ${error}`)
}
