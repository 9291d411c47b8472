/** The measured apps, as bash for the script builder, and their files. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A cached launch layer of incompressible files, created unless it was restored. */
export function randomLayer(megabytes: number): string {
  const blocks = megabytes / 20
  return cachedLayer(`head -c 20000000 /dev/urandom >"$layer/1"
    for ((block = 2; block <= ${blocks}; block++)); do cp "$layer/1" "$layer/$block"; done`)
}

/** A cached launch layer of 30 000 small files in a tree as deep as a real node_modules, created unless it was restored. */
export const SMALL_FILES = cachedLayer(`text=$(head -c 6000 /dev/urandom | base64 -w 0)
  RANDOM=1
  for ((package = 1; package <= 1000; package++)); do
    directory=$layer/node_modules/package-$package
    mkdir -p "$directory"/{lib/internal,dist,test}
    for part in . lib lib/internal dist test; do
      for name in index util types main parse errors; do printf %s "\${text:0:RANDOM % 5000}" >"$directory/$part/$name.js"; done
    done
  done`)

/** Small cached layers, created unless they were restored; they are not in the image. */
export function manyLayers(count: number): string {
  return `missing=()
  for layer in "$CNB_LAYERS_DIR"/layer-{1..${count}}; do [ -d "$layer" ] || missing+=("$layer"); done
  [ \${#missing[@]} -eq 0 ] || mkdir "\${missing[@]}"
  for layer in "\${missing[@]}"; do echo content >"$layer/file"; done
  for layer in "$CNB_LAYERS_DIR"/layer-{1..${count}}; do printf '[types]\\nbuild = true\\ncache = true\\n' >"$layer.toml"; done`
}

function cachedLayer(make: string): string {
  return `layer=$CNB_LAYERS_DIR/data
  if [ ! -f "$layer.toml" ] || [ ! -d "$layer" ]; then
    rm -rf "$layer"
    mkdir "$layer"
    ${make}
  fi
  printf '[types]\\nlaunch = true\\ncache = true\\n[metadata]\\nversion = "1"\\n' >"$layer.toml"
  cat >>"$CNB_LAYERS_DIR/launch.toml" <<'END_OF_TOML'
[[processes]]
type = "web"
command = ["true"]
default = true
END_OF_TOML`
}

const PER_DIRECTORY = 100

/** Writes this number of small files below `src`. */
export async function writeTree(app: string, files: number): Promise<void> {
  for (let index = 0; index < files; index++) {
    const directory = join(app, 'src', `part-${Math.floor(index / PER_DIRECTORY)}`)
    if (index % PER_DIRECTORY === 0) await mkdir(directory, { recursive: true })
    await writeFile(join(directory, `file-${index}.js`), `module.exports = ${index} // ${'x'.repeat(60)}\n`)
  }
}
