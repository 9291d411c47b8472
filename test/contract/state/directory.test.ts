import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import { currentOwner } from '../../../src/base/processes/owner.ts'
import { openStateDirectory } from '../../../src/state/directory/directory-store.ts'
import { stateProcess } from '../../../src/state/directory/state-process.ts'
import { describeStore } from './store-contract.ts'

let directory: TemporaryDirectory

beforeEach(async () => {
  directory = await makeTemporaryDirectory()
})

afterEach(() => directory[Symbol.asyncDispose]())

describeStore('the store in a directory', async () => openStateDirectory(join(directory.path, 'state'), stateProcess(await currentOwner('here', process.pid))))
