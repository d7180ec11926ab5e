// `npm run format`: lays out all files and mends what lints can mend safely.
import { join } from 'node:path'
import { ROOT } from './source-files.ts'

const biome = join(ROOT, 'node_modules', '.bin', 'biome')
const child = Bun.spawn([biome, 'check', '--write', ...process.argv.slice(2), '.'], {
  cwd: ROOT,
  stdio: ['ignore', 'inherit', 'inherit'],
})
process.exit(await child.exited)
