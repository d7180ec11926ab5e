import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { candidatesFor, hasDateSuffix, type MatchOptions, matchModel } from './match-model.ts'

const DATES: MatchOptions = { stripDate: true, fuzzy: false }
const FUZZY: MatchOptions = { stripDate: true, fuzzy: true }
const STRICT: MatchOptions = { stripDate: false, fuzzy: false }

function match(names: readonly string[], requested: string, options: MatchOptions): string | undefined {
  return matchModel(
    names.map((name) => ({ name })),
    requested,
    options,
  )
}

function channel(id: number, names: readonly string[], enabled = true) {
  return { id, enabled, models: names.map((name) => ({ name, redirect: '' })) }
}

function served(channels: ReturnType<typeof channel>[], requested: string, options: MatchOptions): string[] {
  return candidatesFor(channels, requested, options).map((found) => `${found.channel.id}:${found.model?.name ?? '*'}`)
}

describe('one channel', () => {
  test('the exact name is preferred to any date', () => {
    expect(match(['m-20250514', 'm'], 'm', FUZZY)).toBe('m')
    expect(match(['m', 'm-20250514'], 'm-20250514', FUZZY)).toBe('m-20250514')
  })

  test('a dated request finds the undated name, an undated one the newest date', () => {
    expect(match(['claude-sonnet-4'], 'claude-sonnet-4-20250514', DATES)).toBe('claude-sonnet-4')
    const dated = ['claude-sonnet-4-20250101', 'claude-sonnet-4-20250514', 'claude-sonnet-4-20241231']
    expect(match(dated, 'claude-sonnet-4', DATES)).toBe('claude-sonnet-4-20250514')
  })

  test.each([
    ['m-20250230', 'no such day'],
    ['m-20251301', 'no such month'],
    ['m-19991231', 'before 2000'],
    ['m-21010101', 'after 2100'],
    ['m-2025051', 'seven digits'],
    ['m20250514', 'no dash'],
    ['m-20250514-x', 'not at the end'],
  ])('%p is not a date suffix: %s', (requested) => {
    expect(hasDateSuffix(requested)).toBe(false)
    expect(match(['m'], requested, DATES)).toBeUndefined()
  })

  test('with the setting off a date is part of the name', () => {
    expect(match(['m'], 'm-20250514', STRICT)).toBeUndefined()
    expect(match(['m-20250514'], 'm', STRICT)).toBeUndefined()
  })

  test('letters matter, except for fuzzy matching', () => {
    expect(match(['GPT-5'], 'gpt-5', DATES)).toBeUndefined()
    expect(match(['GPT-5'], 'gpt-5', FUZZY)).toBe('GPT-5')
  })

  test('another date of the same model is not what was asked for', () => {
    expect(match(['m-20250101'], 'm-20250514', FUZZY)).toBeUndefined()
  })

  test.each([
    ['sonnet', ['claude-sonnet-4-20250514', 'claude-3-5-sonnet-20241022'], 'claude-sonnet-4-20250514'],
    ['sonnet', ['claude-sonnet-4-5', 'claude-3-5-sonnet-20241022'], 'claude-3-5-sonnet-20241022'],
    ['sonnet', ['claude-sonnet-4-5', 'claude-sonnet-4-10'], 'claude-sonnet-4-10'],
    ['gpt', ['gpt-5', 'gpt-5.1', 'gpt-4.9'], 'gpt-5.1'],
    ['gpt', ['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'], 'gpt-4o-2024-11-20'],
    ['gpt', ['gpt-a', 'gpt-b'], 'gpt-b'],
  ])('fuzzy %p in %p means the newest: %p', (requested, names, expected) => {
    expect(match(names, requested, FUZZY)).toBe(expected)
    expect(match(names.toReversed(), requested, FUZZY)).toBe(expected)
  })

  test('an empty name means no model, not every model', () => {
    expect(match(['m', ''], '', FUZZY)).toBeUndefined()
  })
})

describe('across channels', () => {
  test('an exact listing anywhere wins over dates, dates over fuzzy', () => {
    const all = [channel(1, ['m-20250514']), channel(2, ['m']), channel(3, ['big-m'])]
    expect(served(all, 'm', FUZZY)).toEqual(['2:m'])
    expect(served(all.slice(0, 1).concat(all[2] ?? []), 'm', FUZZY)).toEqual(['1:m-20250514'])
    expect(served(all.slice(2), 'm', FUZZY)).toEqual(['3:big-m'])
  })

  test('a disabled exact listing hides nobody and is not asked (W-01)', () => {
    expect(served([channel(1, ['m'], false), channel(2, ['m-20250514'])], 'm', DATES)).toEqual(['2:m-20250514'])
    expect(served([channel(1, ['m'], false)], 'm', FUZZY)).toEqual([])
  })

  test('the entry that was matched comes along, so that its redirect is used (W-12)', () => {
    const [found] = candidatesFor([{ enabled: true, models: [{ name: 'm', redirect: 'r' }] }], 'm-20250514', DATES)
    expect(found?.model?.redirect).toBe('r')
  })

  test('every enabled channel serves *, those without models too', () => {
    expect(served([channel(1, []), channel(2, ['m'], false), channel(3, ['m'])], '*', STRICT)).toEqual(['1:*', '3:*'])
  })

  test('a listed model never goes unfound, and what is found is listed', () => {
    const name = fc.string({ minLength: 1, maxLength: 4 })
    const names = fc.array(name, { maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(names, { maxLength: 5 }),
        name,
        fc.boolean(),
        fc.boolean(),
        (lists, wanted, stripDate, fuzzy) => {
          fc.pre(wanted !== '*')
          const channels = lists.map((list, id) => channel(id, list))
          const found = candidatesFor(channels, wanted, { stripDate, fuzzy })
          if (lists.some((list) => list.includes(wanted))) expect(found[0]?.model?.name).toBe(wanted)
          for (const { channel: one, model } of found) expect(one.models.some((entry) => entry === model)).toBe(true)
        },
      ),
    )
  })
})
