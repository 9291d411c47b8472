/** `pack build oci:DIR[:TAG]`: an image in a layout (pack, pkg/client/input_image_reference.go). */

import { posix } from 'node:path'

/** Returns the arguments and values of `cnb build` for pack's. The image has the name of the directory. */
export function fromLayoutImage(given: readonly string[], values: Readonly<Record<string, unknown>>): [given: readonly string[], values: Readonly<Record<string, unknown>>] {
  const [image = ''] = given
  if (!image.startsWith('oci:')) return [given, values]
  const path = image.slice('oci:'.length)
  // As in pack, the tag begins at the first colon.
  const [directory = ''] = path.split(':', 1)
  return [[posix.basename(path)], { ...values, to: [`oci:${directory}`, ...((values['to'] as string[] | undefined) ?? [])] }]
}
