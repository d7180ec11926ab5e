import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, freePort, startChild, until } from './child.ts'
import { pinned } from './machine.ts'
import type { Place } from './place.ts'

export type Nginx = { readonly port: number; readonly child: Child }

/** Where servers are put on systems that keep them out of the PATH of a user. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin']

/** Starts nginx as a reverse proxy in front of `upstream`. */
export async function startNginx(place: Place, upstream: string): Promise<Nginx> {
  const port = freePort()
  const dir = join(place.dir, 'nginx')
  mkdirSync(dir, { recursive: true })
  const config = join(dir, 'nginx.conf')
  writeFileSync(config, configOf({ dir, port, upstream }))
  const child = startChild(
    pinned(place.cores?.underTest, [nginxProgram(), '-c', config, '-e', join(dir, 'error.log')]),
    {
      logPath: join(dir, 'output.log'),
      cwd: dir,
    },
  )
  await until(() => listens(port), 5_000, `nginx does not listen; see ${dir}/error.log`)
  return { port, child }
}

export function nginxProgram(): string {
  return Bun.which('nginx', { PATH: [process.env['PATH'] ?? '', ...SERVER_FOLDERS].join(':') }) ?? 'nginx'
}

export function nginxVersion(): string {
  const { stderr } = Bun.spawnSync([nginxProgram(), '-v'])
  return /nginx\/(\S+)/.exec(stderr.toString())?.[1] ?? 'unknown'
}

type ConfigParts = { readonly dir: string; readonly port: number; readonly upstream: string }

/**
 * One worker, connections kept on both sides, nothing buffered, and the access log that nginx writes unless it is told
 * not to: the gateway writes one too.
 */
function configOf({ dir, port, upstream }: ConfigParts): string {
  const { protocol, host } = new URL(upstream)
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${dir}/nginx.pid;
events { worker_connections 8192; }
http {
  access_log ${dir}/access.log combined;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  keepalive_requests 100000000;
  upstream mock {
    server ${host};
    keepalive 1200;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass ${protocol}//mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_buffering off;
      proxy_read_timeout 600s;
      proxy_ssl_verify off;
    }
  }
}
`
}

async function listens(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } })
    socket.end()
    return true
  } catch {
    return false // not yet
  }
}
