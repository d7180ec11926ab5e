import { isProgram, type SourceFile } from './source-files.ts'

/** Raising one of these is a reviewed line. Function length (60 lines) and parameters (3) are rules in biome.json. */
const MAX_FILE_LINES = 400
const AIM_FILE_LINES = 300
const OWN_MAX_LINES: Readonly<Record<string, number>> = { 'server/src/proxy/serve.ts': 120 }
const MAX_RUNTIME_DEPENDENCIES = 8

/** Files of the program that are longer than they may be. */
export function sizeProblems(files: readonly SourceFile[]): readonly string[] {
  return files.filter(isCounted).flatMap((file) => {
    const lines = lineCount(file.text)
    const limit = OWN_MAX_LINES[file.path] ?? MAX_FILE_LINES
    return lines > limit ? [`${file.path}: ${lines} lines, at most ${limit}`] : []
  })
}

/** Files that may be as long as they are but should not grow: worth a line, not a failure. */
export function crowdedFiles(files: readonly SourceFile[]): readonly string[] {
  const crowded = files.filter((file) => isCounted(file) && lineCount(file.text) > AIM_FILE_LINES)
  return crowded.map((file) => `${file.path} (${lineCount(file.text)})`)
}

function isCounted(file: SourceFile): boolean {
  return isProgram(file.path) || file.path.startsWith('tools/')
}

function lineCount(text: string): number {
  return text.trimEnd().split('\n').length
}

type Manifest = { readonly dependencies?: Readonly<Record<string, string>> }

/** What the program brings along when it runs, over all workspaces, by name. */
export function runtimeDependencies(manifests: readonly Manifest[]): readonly string[] {
  const names = manifests.flatMap((manifest) => Object.keys(manifest.dependencies ?? {}))
  return [...new Set(names)].filter((name) => !name.startsWith('@ccload/')).sort()
}

export function dependencyProblems(manifests: readonly Manifest[]): readonly string[] {
  const names = runtimeDependencies(manifests)
  const loose = manifests.flatMap((manifest) =>
    Object.entries(manifest.dependencies ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
  )
  return [
    ...(names.length > MAX_RUNTIME_DEPENDENCIES
      ? [`${names.length} runtime dependencies, at most ${MAX_RUNTIME_DEPENDENCIES}: ${names.join(', ')}`]
      : []),
    ...loose.map(([name, version]) => `${name}: "${version}" is not one exact version`),
  ]
}
