export type MatchOptions = {
  /** Setting `model_lookup_strip_date_suffix`. */
  readonly stripDate: boolean
  /** Setting `model_fuzzy_match`. */
  readonly fuzzy: boolean
}

type Named = { readonly name: string }
type Listing<M extends Named> = { readonly enabled: boolean; readonly models: readonly M[] }

/** A channel that may be asked, and the entry of its list that was meant; no entry when any model will do. */
export type ModelMatch<C, M> = { readonly channel: C; readonly model: M | undefined }

/** Asked for when a request names no model: every channel will do. */
export const ANY_MODEL = '*'

const DATE_SUFFIX = /-(\d{4})(\d{2})(\d{2})$/
const DASHED_DATE_SUFFIX = /-(\d{4})-(\d{2})-(\d{2})$/

/**
 * Which of a channel's models a request means: the exact name; else (`stripDate`) the name without its `-YYYYMMDD`, or
 * with one, the newest; else (`fuzzy`) the newest whose name contains it, in any case.
 *
 * @param requested  As the client wrote it. Exact and date matches mind the case.
 * @returns          The name as listed; `undefined` when the channel lists nothing like it.
 */
export function matchModel(models: readonly Named[], requested: string, options: MatchOptions): string | undefined {
  for (const find of stagesOf(requested, options)) {
    const found = find(models)
    if (found !== undefined) return found.name
  }
  return undefined
}

/**
 * The channels that serve a model, each with the entry that was matched.
 *
 * An exact listing in any enabled channel wins over date matches, those over fuzzy ones: a stage is tried only when the
 * one before found nobody. A disabled channel never counts, so it cannot hide a match of a later stage.
 *
 * @param channels  All of the wanted type, in any order; the result keeps it.
 * Cost: O(models of all channels) a stage. Meant to be kept for each (type, model) and snapshot.
 */
export function candidatesFor<M extends Named, C extends Listing<M>>(
  channels: readonly (C & Listing<M>)[],
  requested: string,
  options: MatchOptions,
): readonly ModelMatch<C, M>[] {
  const enabled = channels.filter((channel) => channel.enabled)
  if (requested === ANY_MODEL) return enabled.map((channel) => ({ channel, model: undefined }))
  for (const find of stagesOf(requested, options)) {
    const matches: ModelMatch<C, M>[] = []
    for (const channel of enabled) {
      const model = find<M>(channel.models)
      if (model !== undefined) matches.push({ channel, model })
    }
    if (matches.length > 0) return matches
  }
  return []
}

/** True when `-YYYYMMDD` ends the name: a day of the calendar from 2000 to 2100. */
export function hasDateSuffix(name: string): boolean {
  return dateOf(name, DATE_SUFFIX) !== undefined
}

type Stage = <M extends Named>(models: readonly M[]) => M | undefined

function stagesOf(requested: string, { stripDate, fuzzy }: MatchOptions): readonly Stage[] {
  if (requested === '') return []
  const stages: Stage[] = [(models) => models.find((model) => model.name === requested)]
  if (stripDate) stages.push((models) => dateMatch(models, requested))
  if (fuzzy) {
    const part = requested.toLowerCase()
    stages.push((models) => newest(models.filter((model) => model.name.toLowerCase().includes(part))))
  }
  return stages
}

function dateMatch<M extends Named>(models: readonly M[], requested: string): M | undefined {
  const stripped = hasDateSuffix(requested) ? requested.replace(DATE_SUFFIX, '') : undefined
  const undated = models.find((model) => model.name === stripped)
  if (undated !== undefined) return undated
  const dated = models.filter(({ name }) => name.length === requested.length + 9 && name.startsWith(requested))
  return newest(dated.filter((model) => hasDateSuffix(model.name)))
}

function newest<M extends Named>(models: readonly M[]): M | undefined {
  let best: M | undefined
  for (const model of models) if (best === undefined || age(model.name, best.name) > 0) best = model
  return best
}

/** Above 0 when `a` is newer: by date (dated beats undated), then version numbers, then the alphabet. */
function age(a: string, b: string): number {
  const byDate = (anyDateOf(a) ?? 0) - (anyDateOf(b) ?? 0)
  if (byDate !== 0) return byDate
  const [left, right] = [versionOf(a), versionOf(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const byNumber = (left[at] ?? -1) - (right[at] ?? -1)
    if (byNumber !== 0) return byNumber
  }
  return a < b ? -1 : a > b ? 1 : 0
}

function versionOf(name: string): readonly number[] {
  const undated = name.replace(DATE_SUFFIX, '').replace(DASHED_DATE_SUFFIX, '')
  return (undated.match(/\d{1,15}/g) ?? []).map(Number)
}

function anyDateOf(name: string): number | undefined {
  return dateOf(name, DATE_SUFFIX) ?? dateOf(name, DASHED_DATE_SUFFIX)
}

/** The date as a number, 20260122; `undefined` when there is none that the calendar knows. */
function dateOf(name: string, form: RegExp): number | undefined {
  const found = form.exec(name)
  if (!found) return undefined
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  if (year < 2000 || year > 2100) return undefined
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? year * 10_000 + month * 100 + day : undefined
}
