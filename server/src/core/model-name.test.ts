import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { familyNames, modelNames, spelledName } from './model-name.ts'

describe('the model behind a name', () => {
  test.each([
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['Claude-Sonnet-4-5', 'claude-sonnet-4-5'],
    ['  claude-sonnet-4-5 ', 'claude-sonnet-4-5'],
    ['anthropic/claude-sonnet-4.5', 'claude-sonnet-4-5'],
    ['openrouter/anthropic/claude-4.5-sonnet:beta', 'claude-sonnet-4-5'],
    ['claude-4-5-sonnet-20250929', 'claude-sonnet-4-5'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'],
    ['global.anthropic.claude-opus-4-5-20251101-v1:0', 'claude-opus-4-5'],
    ['anthropic.claude-3-5-sonnet-20240620-v1:0:200k', 'claude-3-5-sonnet'],
    ['arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5'],
    ['publishers/anthropic/models/claude-opus-4-1@default', 'claude-opus-4-1'],
    ['claude-sonnet-4-5[1m]', 'claude-sonnet-4-5'],
    ['gemini-claude-opus-4-5', 'claude-opus-4-5'],
    ['claude-haiku-3.5', 'claude-3-5-haiku'],
    ['claude-3-7-sonnet-latest', 'claude-3-7-sonnet'],
    ['openai/gpt-5.2', 'gpt-5.2'],
    ['gpt-5-2-2025-12-11', 'gpt-5.2'],
    ['gpt-35-turbo', 'gpt-3.5-turbo'],
    ['models/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['google/gemini-2.5-flash-preview-09-2025', 'gemini-2.5-flash'],
    ['gemini-2.0-flash-001', 'gemini-2.0-flash'],
    ['zai-org/GLM-4.6', 'glm-4.6'],
    ['zai-glm-4.6', 'glm-4.6'],
    ['accounts/fireworks/models/glm-4p6', 'glm-4.6'],
    ['accounts/fireworks/models/llama-v3p1-8b-instruct', 'llama-3.1-8b-instruct'],
    ['meta.llama3-1-70b-instruct-v1:0', 'llama-3.1-70b-instruct'],
    ['llama3.1:8b', 'llama-3.1-8b'],
    ['qwen-3-32b', 'qwen3-32b'],
    ['openai.gpt-oss-120b-1:0', 'gpt-oss-120b'],
  ])('%s is %s', (name, expected) => {
    expect(modelNames(name)).toContain(expected)
  })

  test.each([
    ['deepseek-v3', 'deepseek-v'],
    ['gpt-4-1106-preview', 'gpt-4.1106-preview'],
    ['qwen3-235b-a22b-2507', 'qwen3-235b-a22b'],
    ['llama-3-8b-instruct', 'llama-3.8b-instruct'],
    ['o1-preview', 'o1'],
    ['gpt-4o-2024-05', 'gpt-4o'],
  ])('%s is not taken for %s', (name, other) => {
    expect(modelNames(name)).not.toContain(other)
  })

  test('what was written comes first, so that a name that stands in a table is found as it is', () => {
    expect(modelNames('GPT-4o-2024-05-13')[0]).toBe('gpt-4o-2024-05-13')
    expect(modelNames('gpt-oss-120b:exacto')[0]).toBe('gpt-oss-120b:exacto')
  })

  test('a fine-tuned model keeps the colons of its name', () => {
    expect(spelledName('ft:gpt-4o-mini-2024-07-18:acme::abc')).toBe('ft:gpt-4o-mini-2024-07-18:acme::abc')
  })

  test('empty and endless names are no trouble', () => {
    expect(modelNames('')).toEqual([])
    expect(modelNames('   /')).toEqual(['/'])
    for (const name of modelNames(`claude-${'-1:'.repeat(100_000)}`)) expect(name.length).toBeLessThanOrEqual(256)
  })

  test('any text gives names in lower case, each once, none empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (model) => {
        const names = modelNames(model)
        expect(new Set(names).size).toBe(names.length)
        for (const name of names) expect(name).toBe(name.toLowerCase())
        expect(names).not.toContain('')
      }),
    )
  })
})

describe('the family of a variant', () => {
  test('its shorter names, longest first', () => {
    expect(familyNames('gpt-5.2-codex-high')).toEqual(['gpt-5.2-codex', 'gpt-5.2'])
  })

  test.each([
    ['grok-4-1', 'grok-4'],
    ['claude-opus-5-7', 'claude-opus-5'],
    ['gpt-5.3-pro', 'gpt-5.3'],
    ['gpt-5.3-pro-2026-01-01', 'gpt-5.3'],
    ['gemini-4-flash-image', 'gemini-4-flash'],
    ['o5-deep-research', 'o5'],
    ['gpt-5.2x', 'gpt-5.2'],
    ['gpt-5.21', 'gpt-5.2'],
  ])('%s says nothing about %s', (name, family) => {
    expect(familyNames(name)).not.toContain(family)
  })

  test('a Claude that is newer than the table belongs to its line', () => {
    expect(familyNames('claude-opus-9')).toContain('claude-opus')
    expect(familyNames('claude-opus')).not.toContain('claude-opus')
  })
})
