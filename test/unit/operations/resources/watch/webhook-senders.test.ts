/**
 * Webhooks as their senders write them, without the fields that have no effect.
 *
 * Those of Gitea and distribution were received from these programs; the others are in the documents of their senders.
 */

import { expect, test } from 'vitest'
import { readNotices } from '../../../../../src/operations/resources/watch/webhooks/notices.ts'
import type { Notice } from '../../../../../src/reconcile/watch/notice.ts'

const git = (ref: string, ...urls: string[]): Notice => ({ kind: 'git', urls, ref })
const image = (repository: string, tag: string): Notice => ({ kind: 'image', repository, tag })

const GITEA = { id: 1, name: 'app', full_name: 'u/app', html_url: 'http://127.0.0.1:46020/u/app', url: 'http://127.0.0.1:46020/api/v1/repos/u/app', ssh_url: 'root@localhost:u/app.git', clone_url: 'http://127.0.0.1:46020/u/app.git', original_url: '' }
const GITEA_URLS = ['http://127.0.0.1:46020/u/app.git', 'root@localhost:u/app.git', 'http://127.0.0.1:46020/u/app']
const giteaEvent = (event: string): Record<string, string> => ({ 'content-type': 'application/json', 'x-github-event': event, 'x-gitea-event': event, 'x-gogs-event': event })
const GITLAB = {
  name: 'app', git_ssh_url: 'git@gitlab.example:team/app.git', git_http_url: 'https://gitlab.example/team/app.git', path_with_namespace: 'team/app', default_branch: 'main', url: 'git@gitlab.example:team/app.git', ssh_url: 'git@gitlab.example:team/app.git', http_url: 'https://gitlab.example/team/app.git',
}
const GITLAB_URLS = ['git@gitlab.example:team/app.git', 'https://gitlab.example/team/app.git']
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const DISTRIBUTION = { 'content-type': 'application/vnd.docker.distribution.events.v1+json' }

test.each<[string, Record<string, string>, object, Notice[]]>([
  ['a push of Gitea 1.28-dev', giteaEvent('push'), { ref: 'refs/heads/main', before: '0'.repeat(40), repository: GITEA }, [git('refs/heads/main', ...GITEA_URLS)]],
  ['a new tag of Gitea 1.28-dev', giteaEvent('create'), { ref: 'v1', ref_type: 'tag', repository: GITEA }, [git('v1', ...GITEA_URLS)]],
  ['a push of GitLab', { 'x-gitlab-event': 'Push Hook' }, { object_kind: 'push', ref: 'refs/heads/main', project: GITLAB }, [git('refs/heads/main', ...GITLAB_URLS)]],
  ['a manifest of distribution 2.8', DISTRIBUTION, { events: [{ action: 'push', target: { mediaType: MANIFEST, repository: 'kp/k-run', tag: 'latest' } }] }, [image('kp/k-run', 'latest')]],
  ['a blob of distribution 2.8', DISTRIBUTION, { events: [{ action: 'push', target: { mediaType: 'application/octet-stream', repository: 'kp/k-run' } }] }, []],
  ['a push to Harbor', {}, { type: 'PUSH_ARTIFACT', event_data: { resources: [{ tag: 'v1', resource_url: 'harbor.example/library/app:v1' }], repository: { name: 'app', namespace: 'library', repo_full_name: 'library/app' } } }, [image('library/app', 'v1')]],
  ['a CloudEvent of Harbor', { 'content-type': 'application/cloudevents+json' }, { specversion: '1.0', type: 'harbor.artifact.pushed', data: { resources: [{ tag: 'v1' }], repository: { name: 'app', namespace: 'library', repo_full_name: 'library/app' } } }, [image('library/app', 'v1')]],
  ['another CloudEvent of Harbor', {}, { specversion: '1.0', type: 'harbor.artifact.pulled', data: { resources: [{ tag: 'v1' }], repository: { repo_full_name: 'library/app' } } }, []],
  ['a push to Docker Hub', {}, { push_data: { pushed_at: 1417566161, pusher: 'team', tag: 'latest' }, repository: { name: 'app', namespace: 'team', repo_name: 'team/app' } }, [image('team/app', 'latest')]],
])('reads %s', (_what, headers, body, notices) => {
  expect(readNotices(headers, Buffer.from(JSON.stringify(body)))).toEqual(notices)
})
