/** The engine contract for attached containers. */

import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import type { Container } from '../../../src/docker/engine.ts'
import type { Bench } from './engine-contract.ts'

const MORE_THAN_ANY_BUFFER = 4 << 20

export function conversationContract(bench: () => Bench): void {
  describe('attached containers', () => {
    const create = (...command: string[]): Promise<Container> => {
      const { engine, image, labels } = bench()
      return engine.containers.create({ image, command: ['/tool', ...command], labels, stdin: true })
    }

    test('delivers input immediately; its end is end of file, after which output still arrives', async () => {
      await using container = await create('echo', '7')
      const stdout = new PassThrough()
      const stderr = new PassThrough()
      await using attached = await container.attach({ stdout, stderr })
      const heard = async (): Promise<string> => String((await once(stdout, 'data'))[0])
      expect(await heard()).toBe('listening\n')
      for (const line of ['one\n', 'two\n']) {
        const answer = heard()
        attached.stdin.write(line)
        expect(await answer).toBe(line)
      }
      attached.stdin.end()
      expect(await attached.exitCode).toBe(7)
      expect(await text(stderr.end())).toBe('heard the end')
    })

    test("transfers any amount of input and output at the reader's pace", async () => {
      await using container = await create('echo', '0')
      const stdout = new PassThrough()
      const printed = text(stdout)
      await using attached = await container.attach({ stdout })
      const said = 'y'.repeat(MORE_THAN_ANY_BUFFER)
      await pipeline(Readable.from([Buffer.from(said)]), attached.stdin)
      expect(await attached.exitCode).toBe(0)
      stdout.end()
      expect((await printed) === `listening\n${said}`).toBe(true)
    })

    test('returns exit code and last output of a program that ends without reading all input', async () => {
      await using container = await create('print', 'enough', '', '5')
      const stdout = new PassThrough()
      await using attached = await container.attach({ stdout })
      const said = pipeline(Readable.from([Buffer.alloc(MORE_THAN_ANY_BUFFER)]), attached.stdin).catch((error: unknown) => error)
      expect(await attached.exitCode).toBe(5)
      expect(await text(stdout.end())).toBe('enough')
      await said
      attached.stdin.write('is anybody there?')
    })

    test('reads a complete file while the program ends', async () => {
      await using unstarted = await create('echo', '0')
      const whole = await buffer((await unstarted.getArchive('/tool'))!)
      for (let round = 0; round < 5; round++) {
        await using container = await create('echo', '0')
        await using attached = await container.attach({})
        attached.stdin.end()
        expect((await buffer((await container.getArchive('/tool'))!)).equals(whole)).toBe(true)
      }
    })

    test('removes a left container with a running program, also after the connection is closed', async () => {
      const { engine, connectLast, image, labels } = bench()
      const last = await connectLast()
      const container = await last.containers.create({ image, command: ['/tool', 'hang'], labels, stdin: true })
      const stdout = new PassThrough()
      await container.attach({ stdout })
      await once(stdout, 'data')
      await container.leave()
      last.close()
      const ids = async (): Promise<string[]> => (await engine.containers.list(Object.keys(labels)[0]!)).map((found) => found.id)
      await expect.poll(ids, { timeout: 20_000 }).not.toContain(container.id)
    })

    test('sends end of file immediately with run', async () => {
      await using container = await create('echo', '3')
      expect(await container.run({})).toBe(3)
    })

    test('attaches to the same container again', async () => {
      await using container = await create('echo', '0')
      for (const line of ['first', 'second']) {
        const stdout = new PassThrough()
        await using attached = await container.attach({ stdout })
        attached.stdin.end(line)
        expect(await attached.exitCode).toBe(0)
        expect(await text(stdout.end())).toBe(`listening\n${line}`)
      }
    })

    test('ends the program on an abort, and rejects with the reason', async () => {
      await using container = await create('echo', '0')
      const controller = new AbortController()
      const stdout = new PassThrough()
      await using attached = await container.attach({ stdout }, { signal: controller.signal })
      await once(stdout, 'data')
      controller.abort()
      await expect(attached.exitCode).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    })

    test('ends the program on disposal; it can run again', async () => {
      await using container = await create('echo', '4')
      const stdout = new PassThrough()
      const attached = await container.attach({ stdout })
      await once(stdout, 'data')
      await attached[Symbol.asyncDispose]()
      await expect(attached.exitCode).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
      expect(await container.run({})).toBe(4)
    })

    test('closes the input of a container without standard input', async () => {
      const { engine, image, labels } = bench()
      await using container = await engine.containers.create({ image, command: ['/tool', 'print', '', '', '5'], labels })
      await using attached = await container.attach({})
      expect(await attached.exitCode).toBe(5)
    })

    test('stops a program, and a program that has ended', async () => {
      await using container = await create('hang')
      await using attached = await container.attach({})
      await container.stop(1)
      expect(await attached.exitCode).not.toBe(0)
      await container.stop(1)
    })
  })
}
