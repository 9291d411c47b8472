/** Progress of one image pull. */

import { formatBytes } from '../quantity.ts'
import { sanitizeText, truncate } from '../sanitize.ts'
import type { Theme } from '../theme.ts'

interface LayerProgress {
  status: string
  /** Bytes done and total of the current stage, downloading or extracting. */
  current: number
  total: number
  /** Bytes downloaded, and the compressed size of the layer. */
  downloaded: number
  size: number
}

const DONE = new Set(['Pull complete', 'Already exists', 'Layer already exists'])
/** More layers than an image can have (the engine allows 128); bounds memory against a hostile stream. */
const MAX_LAYERS = 1000
const MAX_BAR = 20
const MIN_BAR = 5

/** Aggregates an engine's progress messages for one image. */
export class PullProgress {
  readonly reference: string
  readonly #layers = new Map<string, LayerProgress>()

  constructor(reference: string) {
    this.reference = sanitizeText(reference)
  }

  update(id: string, status: string, current = 0, total = 0): void {
    const layer = this.#layers.get(id) ?? { status, current: 0, total: 0, downloaded: 0, size: 0 }
    if (this.#layers.size >= MAX_LAYERS && !this.#layers.has(id)) return
    this.#layers.set(id, layer)
    layer.status = sanitizeText(status)
    layer.current = current
    layer.total = total
    if (status === 'Downloading') {
      layer.downloaded = current
      layer.size = Math.max(total, current)
    } else if (status !== 'Waiting' && status !== 'Pulling fs layer') {
      layer.downloaded = layer.size
    }
  }

  /** Formats `3 of 7 layers, 12.3 MB of 45.6 MB`; empty before the first message. */
  summary(): string {
    const layers = [...this.#layers.values()]
    if (layers.length === 0) return ''
    const done = layers.filter(({ status }) => DONE.has(status)).length
    const size = layers.reduce((sum, layer) => sum + layer.size, 0)
    const downloaded = layers.reduce((sum, layer) => sum + layer.downloaded, 0)
    return `${done} of ${layers.length} layers${size > 0 ? `, ${formatBytes(downloaded)} of ${formatBytes(size)}` : ''}`
  }

  /** Returns a headline and a line for each active layer: at most `height` lines of at most `width` characters. */
  lines(theme: Theme, width: number, height: number): string[] {
    const summary = this.summary()
    const room = width - 'Pulling '.length - (summary === '' ? 0 : summary.length + 2)
    // The end of a name is more specific than its beginning.
    const name = this.reference.length <= room || room < 10 ? this.reference : `…${this.reference.slice(1 - room)}`
    const headline = truncate(`Pulling ${name}${summary === '' ? '' : `  ${summary}`}`, width)
    const moving = [...this.#layers].filter(([, layer]) => layer.total > 0 && !DONE.has(layer.status))
    return [headline, ...moving.slice(0, Math.max(0, height - 1)).map(([id, layer]) => layerLine(id, layer, theme, width))]
  }
}

function layerLine(id: string, { status, current, total }: LayerProgress, theme: Theme, width: number): string {
  const name = `  ${truncate(sanitizeText(id), 12).padEnd(12)}  `
  const amount = `${status.toLowerCase()} ${formatBytes(current)} of ${formatBytes(total)}`
  const length = Math.min(MAX_BAR, width - name.length - amount.length - 2)
  if (length < MIN_BAR) return truncate(name + amount, width)
  const filled = Math.round(Math.min(1, current / total) * length)
  return `${name}${'━'.repeat(filled)}${theme.dim('─'.repeat(length - filled))}  ${amount}`
}
