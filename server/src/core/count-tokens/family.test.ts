import { describe, expect, test } from 'bun:test'
import { modelNames } from '../model-name.ts'
import { type TokenFamily, tokenFamily } from './family.ts'
import { builtInToolTokens, toolPromptTokens } from './tool-prompt.ts'

describe('the family of a model', () => {
  test.each<[string, TokenFamily]>([
    ['claude-2.1', 'claude'],
    ['claude-instant-1.2', 'claude'],
    ['claude-3-5-sonnet-20241022', 'claude'],
    ['claude-3-opus-latest', 'claude'],
    ['claude-sonnet-4-20250514', 'claude'],
    ['claude-opus-4-1', 'claude'],
    ['claude-sonnet-4.5', 'claude'],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude'],
    ['claude-opus-4-6', 'claude'],
    ['claude-opus-4-7', 'claude-next'],
    ['claude-opus-4-8', 'claude-next'],
    ['anthropic/claude-opus-4.7', 'claude-next'],
    ['claude-sonnet-5', 'claude-next'],
    ['claude-opus-5-5-20260922', 'claude-next'],
    ['claude-fable-5', 'claude-next'],
    ['claude-opus-9', 'claude-next'],
    ['gpt-5.2', 'gpt'],
    ['chatgpt-4o-latest', 'gpt'],
    ['o3-mini', 'gpt'],
    ['openai/gpt-4o', 'gpt'],
    ['models/gemini-2.5-pro', 'gemini'],
    ['glm-4.6', 'other'],
    ['kimi-k2', 'other'],
    ['my-own-model', 'other'],
  ])('%s: %s', (model, family) => {
    expect(tokenFamily(modelNames(model))).toBe(family)
  })

  test('no name at all has one, too', () => {
    expect(tokenFamily([])).toBe('other')
  })
})

describe('the prompt that a vendor adds for tools', () => {
  test.each([
    ['claude-opus-4-8', 290, 410],
    ['claude-opus-4-7', 675, 804],
    ['claude-opus-4-6', 497, 589],
    ['claude-sonnet-4-6', 497, 589],
    ['claude-opus-4-5-20251101', 496, 588],
    ['claude-haiku-4-5', 496, 588],
    ['claude-opus-4-1-20250805', 313, 315],
    ['claude-sonnet-4-20250514', 313, 315],
    ['claude-sonnet-5', 354, 474],
    ['claude-3-5-haiku-latest', 264, 355],
    ['claude-3-7-sonnet-20250219', 346, 313],
    ['claude-3-5-sonnet-20240620', 294, 261],
    ['claude-3-opus-20240229', 530, 281],
    ['claude-3-haiku-20240307', 264, 340],
    ['claude-fable-5', 290, 410],
  ])('%s: %p, and %p when it must call one', (model, auto, forced) => {
    const names = modelNames(model)
    const family = tokenFamily(names)
    expect([toolPromptTokens(family, names, false), toolPromptTokens(family, names, true)]).toEqual([auto, forced])
  })

  test.each<[unknown, number | undefined]>([
    ['bash_20250124', 245],
    ['text_editor_20250728', 700],
    ['computer_20250124', 735],
    ['custom', undefined],
    [undefined, undefined],
    [7, undefined],
  ])('a built-in %p has %p', (type, tokens) => {
    expect(builtInToolTokens(type)).toBe(tokens)
  })
})
