/** Checks the secret of webhooks. Comparisons take the same time for all wrong values. */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

const SHA256_HEX = /^[0-9a-f]{64}$/i

/** The parts of a request that can prove the knowledge of a secret. */
export interface SignedRequest {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The value of `token` in the address: Docker Hub can send nothing else. */
  readonly token: string | undefined
}

/**
 * Returns whether a request is signed with the secret, or has it: in X-Hub-Signature-256 (GitHub, Gitea), X-Gitea-Signature, X-Gitlab-Token,
 * Authorization (Harbor, and `headers` of a distribution's endpoint) or the address (Docker Hub). The first one that is there decides.
 */
export function isAuthentic({ headers, body, token }: SignedRequest, secret: Buffer): boolean {
  const hub = headers['x-hub-signature-256']
  if (typeof hub === 'string') return hub.startsWith('sha256=') && isSignature(hub.slice('sha256='.length), body, secret)
  const gitea = headers['x-gitea-signature']
  if (typeof gitea === 'string') return isSignature(gitea, body, secret)
  const gitlab = headers['x-gitlab-token']
  if (typeof gitlab === 'string') return isSecret(gitlab, secret)
  if (headers.authorization !== undefined) return isSecret(headers.authorization.replace(/^Bearer /i, ''), secret)
  return token !== undefined && isSecret(token, secret)
}

function isSignature(hex: string, body: Buffer, secret: Buffer): boolean {
  if (!SHA256_HEX.test(hex)) return false
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', secret).update(body).digest())
}

/** Compares digests: texts of different lengths take the same time. */
function isSecret(text: string, secret: Buffer): boolean {
  const digest = (value: Buffer): Buffer => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(Buffer.from(text)), digest(secret))
}
