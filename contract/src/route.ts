/** One operation of the API. `path` may contain `:name` parts. */
export type Route = { readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'; readonly path: string }

/**
 * The path to call: every `:name` replaced, percent-encoded.
 *
 * @param values  One for each part of `route.path`. Errors: throws when one is missing, which is a bug of the caller.
 */
export function pathOf(route: Route, values: Readonly<Record<string, string | number>> = {}): string {
  return route.path.replace(/:([A-Za-z]+)/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`no value for ":${name}" of ${route.path}`)
    return encodeURIComponent(value)
  })
}
