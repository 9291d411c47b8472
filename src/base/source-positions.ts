/** Translation of stack trace positions from the bundle to src/, with the bundle's source maps. */

import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A position in a stack trace: the path or file URL of a script, its line and its column. */
const PLACE = /((?:file:\/\/)?(?:\/|[A-Za-z]:\\|\bdist\/)[^\n():]*\.js):(\d+):(\d+)/g

/**
 * Returns the stack trace with positions in the sources, such as `src/main.ts:1:2`. Positions outside the bundle and in bundled
 * libraries are unchanged.
 * @param directory the bundle's directory, in the form that stack traces use; files elsewhere are not read
 */
export function withSourcePositions(stack: string, directory: string | undefined = bundleDirectory()): string {
  if (directory === undefined) return stack
  const maps = new Map<string, SourceMap | undefined>()
  return stack.replace(PLACE, (place, script: string, line: string, column: string) => {
    if (!script.startsWith(directory)) return place
    if (!maps.has(script)) maps.set(script, readMap(script))
    const found = maps.get(script)?.findEntry(Number(line) - 1, Number(column) - 1)
    if (!found || !('originalSource' in found)) return place
    const source = /^(?:\.\.\/)+(src\/.*)$/.exec(found.originalSource)?.[1]
    return source === undefined ? place : `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`
  })
}

/** Returns the directory of the running bundle. Returns undefined if the sources run without a bundle. */
function bundleDirectory(): string | undefined {
  const [, script = ''] = new RegExp(PLACE.source).exec(new Error().stack ?? '') ?? []
  return /^(?:.*[/\\])?dist[/\\]/.exec(script)?.[0]
}

/** Returns the path of a script's map. In a binary, scripts have relative paths, and their maps are files in the binary (bin/package.mjs). */
function mapOf(script: string): string {
  const { Bun: bun } = globalThis as { Bun?: { readonly main: string } }
  if (bun && script.startsWith('dist/')) return join(dirname(bun.main), `${basename(script)}.map`)
  return `${script.startsWith('file:') ? fileURLToPath(script) : script}.map`
}

function readMap(script: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(mapOf(script), 'utf8')) as SourceMapPayload)
  } catch {
    return undefined
  }
}
