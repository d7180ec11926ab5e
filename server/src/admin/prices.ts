import { feedPrice, PRICE_ROUTES, type PriceBody, type PriceList, priceBody } from '@ccload/contract/prices.ts'
import { familyNames, modelNames } from '../core/model-name.ts'
import { changed } from './change.ts'
import { complaintOf } from './complaint.ts'
import type { AdminDeps } from './deps.ts'
import { type Ask, type Endpoint, endpoint, endpointWithBody, MAX_BODY_BYTES } from './endpoint.ts'
import { overrideOf, priceView } from './price-view.ts'
import { readJsonObject } from './read-json.ts'
import { badRequest, type Done, done, type Refused, type Reply, refused } from './reply.ts'
import { statisticsRange } from './statistics-range.ts'

const MAX_MODEL_CHARS = 256
const MS = 1_000

/** What models cost, where that comes from, and how to change it. */
export function priceEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [
    endpoint(PRICE_ROUTES.list, () => list(deps)),
    endpoint(PRICE_ROUTES.importFeed, (ask) => importFeed(deps, ask)),
    endpoint(PRICE_ROUTES.get, ({ params }) => get(deps, params['model'] ?? '')),
    endpointWithBody(PRICE_ROUTES.save, priceBody, (body, { params }) => save(deps, params['model'] ?? '', body)),
    endpoint(PRICE_ROUTES.remove, ({ params }) => remove(deps, params['model'] ?? '')),
  ]
}

async function list(deps: AdminDeps): Promise<Done> {
  const { control, clock } = deps
  const { book, feed } = control.prices
  const nowMs = clock.nowMs()
  const offered = offeredModels(control)
  const known = new Set([...book.rows.keys(), ...(await askedModels(deps))])
  const others = [...known].filter((name) => !offered.has(name)).sort()
  const view = (model: string, isOffered: boolean) => priceView({ book, model, nowMs, isOffered })
  const answer: PriceList = {
    feed: {
      date: feed?.date ?? book.dataDate,
      imported_at: Math.floor((feed?.importedAtMs ?? 0) / MS),
      models: feed?.prices.length ?? 0,
    },
    prices: [...[...offered].sort().map((model) => view(model, true)), ...others.map((model) => view(model, false))],
  }
  return done(answer)
}

/** What clients have asked for this month. */
async function askedModels(deps: AdminDeps): Promise<readonly string[]> {
  const { fromMs, toMs, nowMs, zone } = statisticsRange(deps, 'this_month')
  const rows = await deps.control.statistics.read({ fromMs, toMs, nowMs, zone, by: ['model'] })
  return rows.map(({ model }) => model).filter((model) => model !== '' && model !== '*')
}

/** What clients may ask for, and what upstreams are asked for instead. */
function offeredModels(control: Pick<AdminDeps['control'], 'channels'>): ReadonlySet<string> {
  const models = control.channels().flatMap((channel) => channel.models)
  const names = models.flatMap(({ name, redirect }) => [name, redirect])
  return new Set(names.filter((name) => name !== '' && name !== '*'))
}

function get({ control, clock }: AdminDeps, model: string): Reply {
  const fault = faultOfName(model)
  if (fault) return fault
  const { book } = control.prices
  const names = modelNames(model)
  const isOffered = offeredModels(control).has(model)
  const families = [...new Set(names.flatMap(familyNames))]
  return done({ ...priceView({ book, model, nowMs: clock.nowMs(), isOffered }), names: [...names], families })
}

async function save(deps: AdminDeps, model: string, { force = false, ...prices }: PriceBody): Promise<Reply> {
  const fault = faultOfName(model)
  if (fault) return fault
  const { control } = deps
  const saved = await control.prices.put(overrideOf({ model, ...prices }), { force })
  if (!saved.ok) return badRequest(saved.reasons.join('; '))
  return changed(viewOf(deps, model), saved.change)
}

async function remove(deps: AdminDeps, model: string): Promise<Reply> {
  const change = await deps.control.prices.remove(model)
  if (change === undefined) return refused(404, 'no price was set for this model')
  return changed(viewOf(deps, model), change)
}

function viewOf({ control, clock }: AdminDeps, model: string) {
  const isOffered = offeredModels(control).has(model)
  return priceView({ book: control.prices.book, model, nowMs: clock.nowMs(), isOffered })
}

/** Taken as a whole or not at all; each refusal is told to the log too. */
async function importFeed(deps: AdminDeps, { request }: Ask): Promise<Reply> {
  const { control, log } = deps
  const read = await readJsonObject(request, MAX_BODY_BYTES)
  if (!read.ok) {
    log.write('error', 'a price feed was refused; the prices in force stay', { reasons: [read.message] })
    return read.status === 400 ? badRequest(read.message) : refused(read.status, read.message)
  }
  const saved = await control.prices.importFeed({ ...read.value, prices: pricesOf(read.value['prices']) })
  if (!saved.ok) return badRequest(`the feed is refused, the prices in force stay: ${saved.reasons.join('; ')}`)
  return changed((await list(deps)).data, saved.change)
}

/** Those that cannot be read stay as they are: what takes the feed says what is wrong with them. */
function pricesOf(prices: unknown): unknown {
  if (!Array.isArray(prices)) return prices
  return prices.map((price: unknown) => {
    const read = feedPrice.safeParse(price, { reportInput: true })
    return read.success ? overrideOf(read.data) : complaintOf(read.error)
  })
}

function faultOfName(model: string): Refused | undefined {
  if (model.trim() !== '' && model.length <= MAX_MODEL_CHARS && !/[\p{Cc}\p{Cs}]/u.test(model)) return undefined
  return badRequest(`a model has a name of 1 to ${MAX_MODEL_CHARS} printable characters`)
}
