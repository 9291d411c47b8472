/** Positions in the bundle as positions in src/, by the source maps beside it. */

import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A place in a stack trace: the path or file URL of a script, its line and its column. */
const PLACE = /((?:file:\/\/)?(?:\/|[A-Za-z]:\\)[^\n():]*\.js):(\d+):(\d+)/g

/**
 * Returns a stack trace whose positions are those of the sources: `src/main.ts:1:2`. Positions outside of the bundle, and in its
 * libraries, stay as they are.
 * @param directory where the bundle is, as stack traces write it; no file elsewhere is read
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

/** Where the bundle is that this function is in; undefined where the sources run. */
function bundleDirectory(): string | undefined {
  const [, script = ''] = new RegExp(PLACE.source).exec(new Error().stack ?? '') ?? []
  return /^.*[/\\]dist[/\\]/.exec(script)?.[0]
}

function readMap(script: string): SourceMap | undefined {
  try {
    const path = script.startsWith('file:') ? fileURLToPath(script) : script
    return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapPayload)
  } catch {
    return undefined
  }
}
