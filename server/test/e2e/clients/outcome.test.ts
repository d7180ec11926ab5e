import { describe, expect, test } from 'bun:test'
import type { Agent } from './agent.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { geminiCli } from './gemini-cli.ts'

const lines = (...events: readonly object[]) => `${events.map((event) => JSON.stringify(event)).join('\n')}\n`
const agents = [claudeCode, codex, geminiCli] as const

describe('no client ends well', () => {
  test.each(agents)('$name, when it said nothing', (agent) => {
    expect(agent.outcome({ code: 0, out: '', errors: '' })).toEqual({ well: false, finalText: '', complaints: [] })
  })

  test.each(agents)('$name, when it was stopped within a line', (agent) => {
    expect(agent.outcome({ code: 0, out: '{"type":"result","sub', errors: '' }).well).toBe(false)
  })

  const whole: readonly (readonly [Agent, string])[] = [
    [claudeCode, lines({ type: 'result', subtype: 'success', is_error: false, result: 'done' })],
    [
      codex,
      lines({ type: 'item.completed', item: { type: 'agent_message', text: 'done' } }, { type: 'turn.completed' }),
    ],
    [geminiCli, JSON.stringify({ response: 'done', stats: { models: {} } }, undefined, 2)],
  ]
  test.each(whole)('%# whose exit code says otherwise', (agent, out) => {
    expect(agent.outcome({ code: 0, out, errors: '' })).toEqual({ well: true, finalText: 'done', complaints: [] })
    expect(agent.outcome({ code: 1, out, errors: '' }).well).toBe(false)
  })
})

describe('a user sees', () => {
  test('that Claude Code tries again, although it ends well', () => {
    const retry = { type: 'system', subtype: 'api_retry', error: 'overloaded', error_status: 529 }
    const out = lines(retry, { type: 'result', subtype: 'success', is_error: false, result: 'done' })
    const { well, complaints } = claudeCode.outcome({ code: 0, out, errors: '' })
    expect({ well, complaints }).toEqual({ well: true, complaints: ['retry: overloaded 529'] })
  })

  test('the error that Claude Code gives as its result', () => {
    const out = lines({ type: 'result', subtype: 'success', is_error: true, result: 'API Error: 503' })
    const { well, complaints } = claudeCode.outcome({ code: 1, out, errors: '' })
    expect({ well, complaints }).toEqual({ well: false, complaints: ['API Error: 503'] })
  })

  test('that Codex reconnects, what it warns of, and how its turn failed', () => {
    const out = lines(
      { type: 'error', message: 'Reconnecting... 1/5' },
      { type: 'item.completed', item: { type: 'error', message: 'fell back' } },
      { type: 'turn.failed', error: { message: 'gone' } },
    )
    const { well, complaints } = codex.outcome({ code: 1, out, errors: '' })
    expect(well).toBe(false)
    expect(complaints).toEqual([
      'Reconnecting... 1/5',
      '{"type":"turn.failed","error":{"message":"gone"}}',
      'fell back',
    ])
  })

  test('that the Gemini CLI counted failed requests', () => {
    const out = JSON.stringify({ response: 'done', stats: { models: { m: { api: { totalErrors: 2 } } } } })
    expect(geminiCli.outcome({ code: 0, out, errors: '' }).complaints).toEqual(['2 failed requests'])
  })

  test('the error that the Gemini CLI reports on the other stream', () => {
    const errors = JSON.stringify({ error: { message: 'terminated' } })
    const { well, complaints } = geminiCli.outcome({ code: 1, out: '', errors })
    expect({ well, first: complaints[0] }).toEqual({ well: false, first: 'terminated' })
  })

  test.each(agents)('what $name writes to standard error', (agent) => {
    expect(agent.outcome({ code: 0, out: '', errors: 'something is wrong\n' }).complaints).toEqual([
      'something is wrong',
    ])
  })
})
