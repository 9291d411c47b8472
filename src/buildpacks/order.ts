/** Which buildpacks are tried together (specification, platform.md "order.toml"). */

export interface GroupEntry {
  readonly id: string
  readonly version?: string
  readonly optional?: boolean
}

/** Groups are tried one after the other; the first that detects wins. */
export type Order = readonly { readonly group: readonly GroupEntry[] }[]
