/** Reads images from registries by tag or digest, without an engine. */

import type { Context } from '../../base/events.ts'
import { contextName, familiarName, parseReference, type Reference } from '../../oci/reference.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Registries, Repository } from '../../registry/registry.ts'
import type { ImageSource } from '../image.ts'
import { type ImageContent, type NameStored, readStoredImage, type StoredImage } from '../stored-image.ts'

export interface RegistryImages extends ImageSource {
  find(reference: string, context?: Context): Promise<StoredImage | undefined>
}

/** What images are read from. */
export type ReadableRepository = Pick<Repository, 'name' | 'manifest' | 'blob'> & Partial<Pick<Repository, 'resolve'>>

export interface ReadableRegistries {
  repository(reference: Reference, access: 'pull'): ReadableRepository
}

/** Returns registries with a client that the first request opens: loading it takes longer than reading a package of the cache. */
export function onDemand(open: () => Promise<Registries>): ReadableRegistries {
  return {
    repository: (reference) => {
      const repository = async (): Promise<Repository> => (await open()).repository(reference, 'pull')
      return {
        name: repositoryName(reference),
        manifest: async (...request) => (await repository()).manifest(...request),
        blob: async (...request) => (await repository()).blob(...request),
      }
    },
  }
}

/**
 * Returns the images of registries.
 * @param platform selects the image of an index
 * @param through wraps the content of each repository, to read it through a cache
 */
export function openRegistryImages(registries: ReadableRegistries, platform: Platform, through = (content: ImageContent): ImageContent => content): RegistryImages {
  return {
    find: (text, context) => {
      const reference = parseReference(text)
      const content = through(repositoryContent(registries.repository(reference, 'pull'), repositoryName(reference)))
      return readStoredImage(content, reference.digest ?? reference.tag ?? 'latest', nameInRegistry(text, reference), platform, context)
    },
  }
}

/** Returns the full name of a reference's repository: `registry.example/team/app`. */
export function repositoryName({ registry, repository }: Reference): string {
  return `${registry}/${repository}`
}

/** Returns a repository's content. */
export function repositoryContent(repository: ReadableRepository, name: string): ImageContent {
  return {
    name: repository.name,
    repository: name,
    manifest: (reference, context) => repository.manifest(reference, context),
    ...(repository.resolve ? { resolve: (reference, context) => repository.resolve!(reference, context) } : {}),
    blob: (descriptor, context) => repository.blob(descriptor, context),
  }
}

/** Returns the names of an image in a registry, with the lifecycle's reference as the id. @param text the user's reference */
export function nameInRegistry(text: string, reference: Reference): NameStored {
  const repository = familiarName({ registry: reference.registry, repository: reference.repository })
  return (digest) => ({ reference: text, id: `${contextName(reference)}@${digest}`, repoDigests: [`${repository}@${digest}`] })
}
