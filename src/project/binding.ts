/** A service binding (servicebinding.io): a directory below `/platform/bindings`. */
export interface Binding {
  readonly name: string
  /** Contents by name; one of them is `type`. */
  readonly files: ReadonlyMap<string, Buffer>
}
