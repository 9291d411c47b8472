/** Reads the webhooks of git servers and registries. Only pushes are notices. */

import type { IncomingHttpHeaders } from 'node:http'
import { isTable, recordOf, recordsOf } from '../../../../formats/lenient-values.ts'
import type { Notice } from '../../../../reconcile/watch/notice.ts'

/** A sender may combine several events; more are as good as one. */
const MAX_EVENTS = 1000

/** Returns the notices of a webhook; none for an unknown one. */
export function readNotices(headers: IncomingHttpHeaders, body: Buffer): Notice[] {
  const payload = parse(headers['content-type'] ?? '', body.toString())
  if (!isTable(payload)) return []
  return gitNotices(headers, payload) ?? registryNotices(payload)
}

function parse(type: string, text: string): unknown {
  try {
    // GitHub's default is a form.
    return JSON.parse(type.startsWith('application/x-www-form-urlencoded') ? (new URLSearchParams(text).get('payload') ?? '') : text)
  } catch {
    return undefined
  }
}

type Table = Readonly<Record<string, unknown>>

function gitNotices(headers: IncomingHttpHeaders, payload: Table): Notice[] | undefined {
  const event = headers['x-gitea-event'] ?? headers['x-github-event'] ?? headers['x-gitlab-event']
  if (event === undefined) return undefined
  if (!['push', 'create', 'Push Hook', 'Tag Push Hook'].includes(String(event))) return []
  const urls = [payload.repository, payload.project].flatMap((repository) => {
    const table = recordOf(repository)
    return ['clone_url', 'ssh_url', 'git_url', 'html_url', 'git_http_url', 'git_ssh_url', 'http_url'].flatMap((name) => textsOf(table[name]))
  })
  if (urls.length === 0) return []
  const [ref] = textsOf(payload.ref)
  return [{ kind: 'git', urls: [...new Set(urls)], ...(ref === undefined ? {} : { ref }) }]
}

function registryNotices(payload: Table): Notice[] {
  return [...distribution(payload), ...harbor(payload), ...dockerHub(payload)]
}

/** https://distribution.github.io/distribution/about/notifications/ */
function distribution({ events }: Table): Notice[] {
  return recordsOf(events).slice(0, MAX_EVENTS).flatMap(({ action, target }) => {
    return action === 'push' ? imageNotice(recordOf(target).repository, recordOf(target).tag) : []
  })
}

/** In both of its forms: https://goharbor.io/docs/2.12.0/working-with-projects/project-configuration/configure-webhooks/ */
function harbor({ type, event_data: event, data }: Table): Notice[] {
  if (type !== 'PUSH_ARTIFACT' && type !== 'harbor.artifact.pushed') return []
  const { repository, resources } = recordOf(type === 'PUSH_ARTIFACT' ? event : data)
  return recordsOf(resources).slice(0, MAX_EVENTS).flatMap(({ tag }) => imageNotice(recordOf(repository).repo_full_name, tag))
}

/** https://docs.docker.com/docker-hub/repos/manage/webhooks/ */
function dockerHub({ push_data: data, repository }: Table): Notice[] {
  return isTable(data) ? imageNotice(recordOf(repository).repo_name, data.tag) : []
}

function imageNotice(repository: unknown, tag: unknown): Notice[] {
  // The content of a tag is reported with the tag; a manifest without a tag belongs to an index, which is reported too.
  if (typeof repository !== 'string' || typeof tag !== 'string') return []
  return [{ kind: 'image', repository, tag }]
}

function textsOf(value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? [value] : []
}
