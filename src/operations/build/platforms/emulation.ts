/** Checks that the engine can run the programs of a builder for another platform than its own. */

import { Writable } from 'node:stream'
import { CnbError, toCnbError } from '../../../base/errors.ts'
import { step, type Context } from '../../../base/events.ts'
import { OWNER_LABEL } from '../../../docker/engine.ts'
import type { BuildPlan } from '../../../lifecycle/lifecycle.ts'
import { formatPlatform } from '../../../oci/platform.ts'
import type { EngineServices } from '../../services.ts'

/** The kernel's error for a program of another architecture (execve(2), ENOEXEC), as container runtimes report it. */
const FORMAT_ERROR = /exec format error/i
/** More than an error message of a container runtime. */
const MAX_OUTPUT = 64 * 1024

/**
 * Starts the builder's detector in a container without network, if the builder's architecture is not the engine's. Engines do not report
 * which emulators their kernel has (binfmt_misc).
 * @throws CnbError CNB_PLATFORM_MISMATCH if the programs cannot run, CNB_ENGINE_*
 */
export async function checkEmulation({ builder, platform }: Pick<BuildPlan, 'builder' | 'platform'>, { engine, owner }: Pick<EngineServices, 'engine' | 'owner'>, context: Context): Promise<void> {
  const own = (await engine.info(context)).platform
  const wanted = builder.image.platform
  if (wanted.architecture === own.architecture) return
  const name = formatPlatform(wanted)
  const said = await step(context, `checking that the engine runs programs for ${name}`, async () => {
    const output: Buffer[] = []
    const sink = new Writable({ write: (chunk: Buffer, _, done) => (output.length < MAX_OUTPUT / 1024 && output.push(chunk.subarray(0, 1024)), done()) })
    const spec = { image: builder.image.id, command: ['/cnb/lifecycle/detector', '-version'], platform, network: 'none', labels: { [OWNER_LABEL]: owner } }
    await using container = await engine.containers.create({ ...spec, securityOpt: ['no-new-privileges'], capDrop: ['ALL'] }, context)
    try {
      await container.run({ stdout: sink, stderr: sink }, context)
    } catch (error) {
      context.signal?.throwIfAborted()
      output.push(Buffer.from(toCnbError(error).message))
    }
    return Buffer.concat(output).toString()
  })
  if (!FORMAT_ERROR.test(said)) return
  throw new CnbError('CNB_PLATFORM_MISMATCH', `cannot build for ${name}: the engine runs on ${formatPlatform(own)} and has no emulation for ${wanted.architecture} (exec format error)`, {
    hint: `Install QEMU for binfmt_misc on the engine's machine, or use an engine for ${name}; see docs/publishing.md.`,
  })
}
