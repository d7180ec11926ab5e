import { type Endpoint, endpoint } from './endpoint.ts'

const STYLE = `
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #1f2937; background: #fff }
  code { background: #f3f4f6; padding: .1rem .3rem; border-radius: .25rem; overflow-wrap: anywhere }
  @media (prefers-color-scheme: dark) { body { color: #e5e7eb; background: #111827 } code { background: #1f2937 } a { color: #93c5fd } }
`

/** Stands where the console will: says that the program runs, and how to use it until then. Static, no script, no style of others. */
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ccLoad</title>
<style>${STYLE}</style>
<h1>ccLoad is running</h1>
<p>This version is set up over its API; the console follows.</p>
<ol>
  <li>Log in: <code>POST /login {"password":"…"}</code> gives a session token.</li>
  <li>Add an upstream: <code>POST /admin/channels</code>.</li>
  <li>Make a token for clients: <code>POST /admin/auth-tokens</code>.</li>
  <li>Point clients at this address.</li>
</ol>
<p lang="zh-CN">ccLoad 正在运行。此版本通过 API 配置，控制台随后提供：登录（<code>/login</code>）、添加渠道（<code>/admin/channels</code>）、创建令牌（<code>/admin/auth-tokens</code>）。</p>
<p><a href="/health">/health</a> · <a href="/public/version">/public/version</a></p>
</html>
`

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache, must-revalidate',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${sha256(STYLE)}'; frame-ancestors 'none'`,
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64')
}

export function firstPageEndpoints(): readonly Endpoint[] {
  const page = (): Response => new Response(PAGE, { headers: HEADERS })
  const toPage = (): Response => new Response(null, { status: 302, headers: { location: '/web/index.html' } })
  return [
    endpoint({ method: 'GET', path: '/' }, toPage),
    endpoint({ method: 'GET', path: '/web' }, toPage),
    endpoint({ method: 'GET', path: '/web/index.html' }, page),
  ]
}
