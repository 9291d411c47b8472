/**
 * Plans the app image, like the exporter.
 * See platform.md "exporter", and lifecycle phase/exporter.go with `-daemon`. For the same build the image is identical to the
 * lifecycle's, byte for byte.
 */

import { decide, type Context } from '../../../base/events.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { encodeGoObject, encodeGoValue, isGoEmpty } from '../../../formats/go/json.ts'
import { labelJson } from './label-json.ts'
import { parseTomlData } from '../../../formats/go/toml-data.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import { BUILD_METADATA_LABEL, EXEC_ENV_LABEL, LIFECYCLE_METADATA_LABEL, PROJECT_METADATA_LABEL } from '../../../images/labels/label-names.ts'
import { runImageReference } from '../../../images/labels/run-image-reference.ts'
import { encodeImageConfig, MAX_CONFIG_BYTES, type ImageConfig } from '../../../oci/config.ts'
import { MAX_LAYERS } from '../../../oci/manifest.ts'
import type { LayersTree } from '../model.ts'
import { appConfig } from './app-config.ts'
import { makeLayers, type AppLayers } from './app-layers.ts'
import { buildMetadataJson } from './build-metadata-label.ts'
import { readBuildMetadataToml, type BuildMetadataToml } from './build-metadata-toml.ts'
import { exportError } from './export-error.ts'
import type { Export, ExportInput, SbomLayer } from './export.ts'
import { lifecycleMetadataJson } from './lifecycle-metadata-label.ts'
import { withLifecycleSboms } from './lifecycle-sboms.ts'
import { runImageNames } from './run-image-names.ts'
import { treeDirectoryLayer, filesBelow } from './tree-directory.ts'

/**
 * Plans the image. Reads layers only through the input's functions, sequentially.
 * @throws CnbError CNB_EXPORT_FAILED, with the cause; and errors of the input's functions
 */
export async function planExport(input: ExportInput, context: Context): Promise<Export> {
  const { plan, previous, runImage, say } = input
  const api = plan.platformApi
  const metadata = readBuildMetadataToml(input.tree.get('config/metadata.toml')?.content, api)
  const defaultProcess = chooseProcess(metadata, plan.defaultProcess)
  const tree = withLifecycleSboms(input.tree, input.lifecycleFiles, { api, owner: plan.builder, say })

  const layers = await makeLayers(input, tree, metadata, context)
  const reference = runImageReference(runImage.name, runImage.image, plan.leavesEngine)
  if (reference === '') {
    const message = `the label of the app image has no reference to run image '${runImage.name}', because the run image is in no registry`
    context.events?.({ type: 'warning', message })
  }
  const labels = makeLabels(input, metadata, layers, reference)
  for (const [name] of labels) say(`Adding label '${name}'`)
  decideProcess(defaultProcess, plan.defaultProcess, metadata, context)
  say(defaultProcess === undefined ? 'no default process type' : `Setting default process type '${defaultProcess}'`)

  const base = runImage.image
  const config = appConfig({
    base,
    extendedSettings: input.extendedSettings,
    added: layers.added,
    labels,
    defaultProcess,
    platformApi: api,
    appDir: plan.appDir,
    creationTime: plan.creationTime,
  })
  checkSize(config)
  return {
    image: {
      base,
      previous: previous?.image,
      isFirst: previous === undefined,
      config,
      layers: [...base.layers, ...layers.added.map(({ layer }) => layer)],
      tags: [plan.image, ...plan.tags],
      annotations: plan.annotations?.manifest,
    },
    layerShas: new Map(layers.buildpacks.flatMap((buildpack) => buildpack.layers.map(({ id, layer }) => [id, layer.diffId]))),
    sbom: await sbomLayers(input, tree, layers),
    tree,
    defaultProcess,
  }
}

/** Refuses an image that cnb could not read again. */
function checkSize(config: ImageConfig): void {
  const count = config.rootfs.diff_ids.length
  if (count > MAX_LAYERS) throw exportError(`the image has ${count} layers, and the limit is ${MAX_LAYERS}`, { hint: 'Use fewer launch layers.' })
  const { length } = encodeImageConfig(config)
  if (length <= MAX_CONFIG_BYTES) return
  const [label = ''] = Object.entries(config.config.Labels ?? {}).sort(([, a], [, b]) => b.length - a.length)[0] ?? []
  throw exportError(`the image's configuration has ${length} bytes, and the limit is ${MAX_CONFIG_BYTES}; its largest label is '${label}'`, {
    hint: 'Reduce the metadata of layers and in store.toml, which become labels; write large data into a layer.',
  })
}

function chooseProcess({ processes, defaultProcess }: BuildMetadataToml, wanted: string | undefined): string | undefined {
  if (wanted === undefined || wanted === '') return defaultProcess === '' ? undefined : defaultProcess
  if (processes?.some(({ type }) => type === wanted)) return wanted
  const types = (processes ?? []).map(({ type }) => type).join(', ')
  throw exportError(`process '${wanted}', chosen as the default, does not exist`, {
    hint: types === '' ? 'Leave out --default-process: the buildpacks defined no processes.' : `Use one of the processes that the buildpacks defined: ${types}.`,
  })
}

function decideProcess(type: string | undefined, asked: string | undefined, { processes }: BuildMetadataToml, context: Context): void {
  if (type !== undefined) decide(context, { kind: 'process', name: type }, 'the default', asked === type ? '--default-process selects it' : 'a buildpack marks it as the default')
  else decide(context, { kind: 'process' }, 'no default', processes?.length ? 'no buildpack marks a process as the default' : 'the buildpacks defined no processes')
}

/** Returns the labels in the exporter's order; a buildpack's label may replace an earlier one. */
function makeLabels(input: ExportInput, metadata: BuildMetadataToml, layers: AppLayers, reference: string): [string, string][] {
  const { plan, runImage } = input
  const api = plan.platformApi
  const topLayer = runImage.image.layers.at(-1)
  if (!topLayer) throw exportError(`the run image '${runImage.name}' has no layers`)
  const lifecycle = lifecycleMetadataJson(
    {
      ...layers,
      topLayer: topLayer.diffId,
      reference,
      runImage: runImageNames(plan, runImage.name),
    },
    api,
  )
  const launcher = input.launcher ?? { version: plan.builder.lifecycle.version, repository: '', commit: '' }
  return [
    [LIFECYCLE_METADATA_LABEL, lifecycle],
    [BUILD_METADATA_LABEL, buildMetadataJson(metadata, launcher, api)],
    [PROJECT_METADATA_LABEL, projectMetadataJson(plan.projectMetadata)],
    ...metadata.labels.map(({ key, value }): [string, string] => [key, value]),
    ...(hasFeature(api, 'execEnv') ? [[EXEC_ENV_LABEL, plan.execEnv] satisfies [string, string]] : []),
    ...(plan.labels ?? []),
  ]
}

async function sbomLayers({ plan }: ExportInput, tree: LayersTree, { sbom }: AppLayers): Promise<Export['sbom']> {
  const cache = hasFeature(plan.platformApi, 'sbomLayer') ? await treeDirectoryLayer(tree, 'sbom/cache', plan.builder) : undefined
  const files = (kind: string): SbomLayer['files'] => filesBelow(tree, `sbom/${kind}`)
  return {
    ...(sbom ? { launch: { sha: sbom, files: files('launch') } } : {}),
    ...(cache ? { cache: { sha: cache.diffId, files: files('cache') } } : {}),
  }
}

/** @param toml project-metadata.toml as written by cnb; without it the label is an empty object */
function projectMetadataJson(toml: string | undefined): string {
  const { source } = toml === undefined ? {} : parseTomlData(Buffer.from(toml), 'project-metadata.toml')
  if (!isTable(source)) return '{}'
  const table = (value: unknown): string | undefined => (isGoEmpty(value) ? undefined : labelJson(value, 'project-metadata.toml'))
  const { type, version, metadata } = source
  return encodeGoObject([
    [
      'source',
      encodeGoObject([
        ['type', isGoEmpty(type) ? undefined : encodeGoValue(type)],
        ['version', table(version)],
        ['metadata', table(metadata)],
      ]),
    ],
  ])
}
