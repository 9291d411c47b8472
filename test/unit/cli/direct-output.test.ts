import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { directOutput } from '../../../src/cli/direct-output.ts'
import type { OutputStream } from '../../../src/ui/terminal.ts'

/** A stream that keeps the written texts. */
function makeStream(): OutputStream & { text: string } {
  return {
    text: '',
    write(part) {
      this.text += Buffer.from(part as string).toString()
    },
  }
}

/** Opens a new file, and calls `use` with the functions that make its output and read its content. */
async function withFile(mode: string, use: (descriptor: number, read: () => string) => void): Promise<void> {
  await using directory = await makeTemporaryDirectory('cnb-output-')
  const path = join(directory.path, 'output')
  closeSync(openSync(path, 'w'))
  const descriptor = openSync(path, mode)
  try {
    use(descriptor, () => readFileSync(path, 'utf8'))
  } finally {
    closeSync(descriptor)
  }
}

describe('directOutput', () => {
  it('writes to a file in order, and does not open the stream', () =>
    withFile('w', (descriptor, read) => {
      const output = directOutput(descriptor, () => expect.unreachable())
      output.write('ä\n')
      output.write('b\n')
      expect([read(), output.isTTY ?? false, output.errored]).toEqual(['ä\nb\n', false, null])
    }))

  it('passes all texts to the stream after one that cannot be written', () =>
    withFile('r', (descriptor, read) => {
      const stream = makeStream()
      const output = directOutput(descriptor, () => stream)
      output.write('ä\n')
      output.write('b\n')
      expect([read(), stream.text]).toEqual(['', 'ä\nb\n'])
      expect((output.errored as NodeJS.ErrnoException).code).toBe('EBADF')
    }))

  it('returns the stream of a device that may be a terminal', () => {
    const stream = makeStream()
    const descriptor = openSync('/dev/zero', 'w')
    expect(directOutput(descriptor, () => stream)).toBe(stream)
    closeSync(descriptor)
    const none = openSync('/dev/null', 'w')
    expect(directOutput(none, () => stream)).not.toBe(stream)
    closeSync(none)
  })
})
