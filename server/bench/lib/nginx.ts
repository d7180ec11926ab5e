import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { family } from './cpu.ts'
import type { Lab, Side } from './lab.ts'
import { freePort, MEASURED_CORE, untilUp } from './processes.ts'

const START_WITHIN_MS = 5_000

/** nginx as the plainest reverse proxy before the upstream: one worker, kept connections, nothing held back. */
export async function startNginx(
  lab: Lab,
  upstream: { readonly port: number; readonly isTls: boolean },
): Promise<Side> {
  const port = freePort()
  const config = join(lab.folder, `nginx-${port}.conf`)
  writeFileSync(config, configText({ folder: lab.folder, port, upstreamPort: upstream.port, isTls: upstream.isTls }))
  const logFile = join(lab.folder, 'nginx.log')
  const nginx = lab.processes.start({
    name: 'nginx',
    core: MEASURED_CORE,
    argv: ['nginx', '-e', logFile, '-p', lab.folder, '-c', config],
    logFile,
  })
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/up`).then(
      () => true,
      () => false,
    )
  await untilUp(nginx, isUp, START_WITHIN_MS)
  return { name: 'nginx', port, token: 'none', pids: () => family(nginx.pid), stop: nginx.stop }
}

type Config = {
  readonly folder: string
  readonly port: number
  readonly upstreamPort: number
  readonly isTls: boolean
}

function configText({ folder, port, upstreamPort, isTls }: Config): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '' // its worker must reach the folder of the run
  return `${user} worker_processes 1; daemon off; pid ${folder}/nginx-${port}.pid;
error_log ${folder}/nginx.log; worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off; client_body_buffer_size 1m; client_max_body_size 50m;
  client_body_temp_path ${folder}/nginx-body; proxy_temp_path ${folder}/nginx-proxy;
  fastcgi_temp_path ${folder}/nginx-f; uwsgi_temp_path ${folder}/nginx-u; scgi_temp_path ${folder}/nginx-s;
  upstream mock { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096; keepalive_requests 100000000;
    location = /up { return 204; }
    location / {
      proxy_pass ${isTls ? 'https' : 'http'}://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;${isTls ? ' proxy_ssl_verify off;' : ''}
    }
  }
}
`
}
