/** The document of `pack inspect --output json` (pack, internal/inspectimage/info_display.go). */

import type { ImageInspection } from '../../operations/inspect/inspect.ts'

/** Both places; undefined where the image does not exist. */
export interface Both<T> {
  readonly remote: T | undefined
  readonly local: T | undefined
}

interface NamedRunImage {
  readonly name: string
  readonly user_configured?: true
}

type Modules = readonly { readonly id: string; readonly version: string; readonly homepage?: string }[]
type Mirrors = readonly { readonly image: string; readonly mirrors: readonly string[] }[]

export type ImageInfo = ReturnType<typeof imageInfo>

/** Returns the part of the document for one place; an empty list is null there. */
export function imageInfo({ stack = '', baseImage, runImages, buildpacks, extensions, processes, rebasable }: ImageInspection, configured: Mirrors) {
  const [first] = runImages
  return {
    stack,
    base_image: { top_layer: baseImage.topLayer, reference: baseImage.reference },
    run_images: orNull(withMirrors(runImages, first ? [first.name] : [], configured)),
    buildpacks: orNull(buildpacks.map(module)),
    extensions: orNull(extensions.map(module)),
    processes: orNull(
      processes
        .toSorted((one, other) => Number(other.default) - Number(one.default))
        .map(({ type, shell, command, args, workingDir, ...process }) => ({ type, shell, command, default: process.default, args: orNull(args), 'working-dir': workingDir })),
    ),
    rebasable,
  }
}

export function imageDocument(name: string, { remote, local }: Both<ImageInfo>): object {
  return { image_name: name, remote_info: remote ?? null, local_info: local ?? null }
}

/** Adds the user's mirrors of run images before all names. */
export function withMirrors(names: readonly NamedRunImage[], images: readonly string[], configured: Mirrors): NamedRunImage[] {
  const mirrors = configured.filter(({ image }) => images.includes(image)).flatMap((entry) => entry.mirrors)
  return [...mirrors.map((name) => ({ name, user_configured: true as const })), ...names.map(({ name }) => ({ name }))]
}

function module({ id, version, homepage }: Modules[number]): Modules[number] {
  return { id, version, ...(homepage ? { homepage } : {}) }
}

/** Go writes an empty list as null. */
function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null
}
