// A document that names a file that is gone is worse than none.
import { posix } from 'node:path'

export type Document = { readonly path: string; readonly text: string }

/** Folders that a path in a document may start with; it is looked for from the root and from server/src/. */
const FOLDERS =
  /^(?:\.ci|contract|docs|server|tools|web|admin|config|control|core|link|observe|ports|protocol|proxy|store|sync|upstream)\//
const FILE = /^[\w.@/-]*\.(?:ts|tsx|mjs|md|json|jsonc|sh|yml|yaml|toml|grit|service)$/
const MADE_AT_RUN_TIME = /^(?:data|dist)\//

/**
 * What documents name and the project does not have, as `file:line: name`. Looked at are links and what stands in
 * backticks and looks like a path; inside fenced blocks nothing is.
 *
 * @param files  All paths of the project, relative to its root.
 */
export function docsPathProblems(documents: readonly Document[], files: readonly string[]): readonly string[] {
  const known = knownPaths(files)
  return documents.flatMap((document) =>
    namedPaths(document.text)
      .filter(({ name }) => !candidates(document.path, name).some((path) => known.has(path)))
      .map(({ name, line }) => `${document.path}:${line}: there is no ${name}`),
  )
}

type Named = { readonly name: string; readonly line: number }

function namedPaths(text: string): readonly Named[] {
  let isFenced = false
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*```/.test(line)) isFenced = !isFenced
    return isFenced ? [] : namesIn(line).map((name) => ({ name, line: index + 1 }))
  })
}

function namesIn(line: string): readonly string[] {
  const links = [...line.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => (match[1] ?? '').replace(/#.*$/, ''))
  const quoted = [...line.matchAll(/`([^`\s]+)`/g)].map((match) => match[1] ?? '')
  return [
    ...links.filter((link) => link !== '' && !/^[a-z]+:/.test(link)),
    ...quoted.filter((name) => (FOLDERS.test(name) || FILE.test(name)) && !/[*<>{}…]/.test(name)),
  ].filter((name) => !MADE_AT_RUN_TIME.test(name))
}

function candidates(document: string, name: string): readonly string[] {
  const path = name.replace(/\/$/, '').replace(/:\d+$/, '')
  return [path, posix.join(posix.dirname(document), path), posix.join('server/src', path), `*/${path}`]
}

/** Files, their folders, and, as `*` + name, what may be named without its folder. */
function knownPaths(files: readonly string[]): ReadonlySet<string> {
  const known = new Set<string>()
  for (const file of files) {
    known.add(file).add(`*/${posix.basename(file)}`)
    for (let folder = posix.dirname(file); folder !== '.'; folder = posix.dirname(folder)) known.add(folder)
  }
  return known
}
