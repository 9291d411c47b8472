/** How to read a module. */

import type { Platform } from '../../oci/platform.ts'
import type { BuildTarget, ModuleKind } from '../buildpack-descriptor.ts'

export interface ModuleReading {
  readonly kind: ModuleKind
  /** Selects the package of an index, and the folder of a directory that has files only in folders of platforms. */
  readonly platform: Platform
  /** Selects the folder of any directory that has folders of platforms. */
  readonly target?: BuildTarget
  /** The archive's name in messages, instead of its path: the address that it was downloaded from. */
  readonly name?: string
  /** The paths of files and directories in a directory that are not the module's, such as the package itself. */
  readonly without?: readonly string[]
}
