/** The engine under test, with a record of its traffic. */

import { Transform, type Readable } from 'node:stream'
import type { Engine } from '../../../src/docker/engine.ts'

export interface WatchedEngine {
  readonly engine: Engine
  /** The saved images. */
  readonly saved: string[]
  /** Bytes of each loaded archive. */
  readonly loaded: number[]
}

export function watch(engine: Engine): WatchedEngine {
  const [saved, loaded]: [string[], number[]] = [[], []]
  const count = (tar: Readable): Readable => {
    const index = loaded.push(0) - 1
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        loaded[index]! += chunk.length
        done(null, chunk)
      },
    })
    tar.on('error', (error) => meter.destroy(error))
    meter.on('close', () => tar.destroy())
    return tar.pipe(meter)
  }
  const watched: Engine = {
    address: engine.address,
    info: (context) => engine.info(context),
    containers: engine.containers,
    volumes: engine.volumes,
    content: engine.content,
    reportingTo: () => watched,
    close: () => engine.close(),
    images: {
      ...engine.images,
      save: (reference, context) => {
        saved.push(reference)
        return engine.images.save(reference, context)
      },
      load: (tar, context) => engine.images.load(count(tar), context),
    },
  }
  return { saved, loaded, engine: watched }
}
