import { describe, expect, it } from 'vitest'
import { SharedTurns } from '../../../src/state/directory/shared-turns.ts'

const PATH = '/state/a'

interface Turns {
  readonly turns: SharedTurns
  /** What happens, in order. */
  readonly log: string[]
}

function start(take: (signal: AbortSignal | undefined) => void = () => {}, end: () => void = () => {}): Turns {
  const log: string[] = []
  const turns = new SharedTurns(async ({ signal }) => {
    take(signal)
    log.push('turn')
    return {
      async [Symbol.asyncDispose]() {
        log.push('end')
        end()
      },
    }
  })
  return { turns, log }
}

describe('SharedTurns', () => {
  it('runs the changes that came during a turn together in the next one', async () => {
    const { turns, log } = start()
    let both = 0
    const late = async (): Promise<void> => {
      both++
      await Promise.resolve()
      log.push(`${both} run`)
    }
    const more: Promise<void>[] = []
    await turns.run(PATH, async () => void more.push(turns.run('/state/b', late, {}), turns.run('/state/c', late, {})), {})
    await Promise.all(more)
    expect(log).toEqual(['turn', 'end', 'turn', '2 run', '2 run', 'end'])
  })

  it('runs changes of one path one after the other', async () => {
    const { turns, log } = start()
    const change = (name: string) => async (): Promise<void> => {
      log.push(`${name} begins`)
      await Promise.resolve()
      log.push(`${name} ends`)
    }
    await Promise.all([turns.run(PATH, change('first'), {}), turns.run(PATH, change('second'), {})])
    expect(log).toEqual(['turn', 'first begins', 'first ends', 'second begins', 'second ends', 'end'])
  })

  it('returns a result after the end of the turn', async () => {
    const { turns, log } = start()
    expect(await turns.run(PATH, async () => 7, {})).toBe(7)
    expect(log).toEqual(['turn', 'end'])
  })

  it('fails only the change that fails', async () => {
    const { turns } = start()
    const ends = await Promise.allSettled([turns.run(PATH, () => Promise.reject(new Error('full')), {}), turns.run(PATH, async () => 'stored', {})])
    expect(ends).toEqual([{ status: 'rejected', reason: new Error('full') }, { status: 'fulfilled', value: 'stored' }])
  })

  it('takes the turn for the next change if one stops waiting', async () => {
    const signal = AbortSignal.abort(new Error('stopped'))
    const { turns } = start((given) => given?.throwIfAborted())
    const ends = await Promise.allSettled([turns.run(PATH, async () => 'first', { signal }), turns.run(PATH, async () => 'second', {})])
    expect(ends).toEqual([{ status: 'rejected', reason: new Error('stopped') }, { status: 'fulfilled', value: 'second' }])
  })

  it('does not run a change that was stopped while another one waited', async () => {
    const signal = AbortSignal.abort(new Error('stopped'))
    const { turns, log } = start()
    const ends = await Promise.allSettled([turns.run(PATH, async () => 'first', {}), turns.run(PATH, async () => void log.push('second'), { signal })])
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(log).not.toContain('second')
  })

  it('fails all changes of a turn that does not end', async () => {
    const { turns } = start(undefined, () => {
      throw new Error('no claim')
    })
    const ends = await Promise.allSettled([turns.run(PATH, async () => 'first', {}), turns.run('/state/b', async () => 'second', {})])
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})
