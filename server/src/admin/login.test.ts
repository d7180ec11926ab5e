import { describe, expect, test } from 'bun:test'
import { loginAnswer } from '@ccload/contract/login.ts'
import { StoreError } from '../ports/store.ts'
import { PASSWORD, testDesk } from './test-desk.ts'

const FORMAT_ERROR = { success: false, data: null, error: 'Invalid request format', count: 0 }

describe('POST /login', () => {
  test('answers in both documented shapes at once', async () => {
    const { status, json, headers } = await testDesk().send('POST', '/login', { body: { password: PASSWORD } })
    expect(status).toBe(200)
    expect(loginAnswer.parse(json).data).toEqual({ token: json.token, expiresIn: 86_400 })
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('a wrong password is 401 and says nothing more', async () => {
    const { status, json } = await testDesk().send('POST', '/login', { body: { password: 'wrong' } })
    expect(status).toBe(401)
    expect(json).toEqual({ success: false, data: null, error: 'Invalid password', count: 0 })
  })

  test.each([
    ['no JSON', '{"password":'],
    ['nothing', ''],
    ['a list', '["x"]'],
    ['no password', '{}'],
    ['an empty password', '{"password":""}'],
    ['a number', '{"password":5}'],
    ['null', '{"password":null}'],
    ['another field', '{"password":"x","admin":true}'],
    ['a way to the prototype', '{"password":"x","__proto__":{}}'],
  ])('%s is 400 in the known words', async (_, raw) => {
    const { status, json } = await testDesk().send('POST', '/login', { raw })
    expect(status).toBe(400)
    expect(json).toEqual(FORMAT_ERROR)
  })

  test('the sixth try after five wrong ones is 429 and says for how long, also with the right password', async () => {
    const desk = testDesk()
    for (let n = 0; n < 5; n++) {
      expect((await desk.send('POST', '/login', { body: { password: 'wrong' } })).status).toBe(401)
    }
    const { status, json, headers } = await desk.send('POST', '/login', { body: { password: PASSWORD } })
    expect(status).toBe(429)
    expect(json).toEqual({
      success: false,
      data: { message: 'Account locked for 900 seconds. Please try again later.', lockout_seconds: 900 },
      error: 'Too many failed login attempts',
      count: 0,
    })
    expect(headers.get('retry-after')).toBe('900')
  })

  test('malformed bodies use up tries too', async () => {
    const desk = testDesk()
    for (let n = 0; n < 5; n++) await desk.send('POST', '/login', { raw: 'garbage' })
    expect((await desk.send('POST', '/login', { body: { password: PASSWORD } })).status).toBe(429)
  })

  test('when the lock has ended one wrong try does not lock again', async () => {
    const desk = testDesk()
    for (let n = 0; n < 6; n++) await desk.send('POST', '/login', { body: { password: 'wrong' } })
    desk.clock.monoMs += 15 * 60_000
    expect((await desk.send('POST', '/login', { body: { password: 'wrong' } })).status).toBe(401)
    expect((await desk.send('POST', '/login', { body: { password: PASSWORD } })).status).toBe(200)
  })

  test('setting the clock of the machine does not open a lock', async () => {
    const desk = testDesk()
    for (let n = 0; n < 5; n++) await desk.send('POST', '/login', { raw: 'x' })
    desk.clock.nowMs += 86_400_000
    expect((await desk.send('POST', '/login', { body: { password: PASSWORD } })).status).toBe(429)
  })

  test('forged forwarding headers are no other address', async () => {
    const desk = testDesk()
    for (let n = 0; n < 5; n++) {
      const headers = { 'x-forwarded-for': `203.0.113.${n}`, 'x-real-ip': `203.0.113.${n}`, forwarded: 'for=1.2.3.4' }
      await desk.send('POST', '/login', { body: { password: 'wrong' }, headers })
    }
    const headers = { 'x-forwarded-for': '203.0.113.77' }
    expect((await desk.send('POST', '/login', { body: { password: PASSWORD }, headers })).status).toBe(429)
  })

  test('strangers who lock themselves out do not lock out the owner', async () => {
    const desk = testDesk()
    for (let n = 0; n < 20; n++) {
      for (let m = 0; m < 6; m++) await desk.send('POST', '/login', { raw: 'x', ip: `198.51.100.${n}` })
    }
    expect((await desk.send('POST', '/login', { body: { password: PASSWORD }, ip: '203.0.113.7' })).status).toBe(200)
  })

  test('a flood from many addresses slows logins down and is refused for seconds, not locked', async () => {
    const desk = testDesk()
    const tries = Array.from({ length: 100 }, (_, n) =>
      desk.send('POST', '/login', { body: { password: 'wrong' }, ip: `198.51.100.${n}` }),
    )
    const answers = await Promise.all(tries)
    const counts = Object.groupBy(answers, (answer) => String(answer.status))
    expect(counts['401']).toHaveLength(66)
    expect(counts['429']).toHaveLength(34)
    expect(counts['429']?.[0]?.json.data.lockout_seconds).toBeLessThanOrEqual(2)
    const after = await desk.send('POST', '/login', { body: { password: PASSWORD }, ip: '198.51.100.99' })
    expect(after.status).toBe(200)
  }, 30_000)

  test('a wrong try and a right one cost the same order of time', async () => {
    const desk = testDesk()
    const timeOf = async (password: string, ip: string) => {
      const startedMs = performance.now()
      await desk.send('POST', '/login', { body: { password }, ip })
      return performance.now() - startedMs
    }
    await timeOf(PASSWORD, 'warm')
    const right = Math.min(...[await timeOf(PASSWORD, 'a'), await timeOf(PASSWORD, 'b'), await timeOf(PASSWORD, 'c')])
    const wrong = Math.min(...[await timeOf('x', 'd'), await timeOf('y', 'e'), await timeOf('z', 'f')])
    expect(wrong).toBeGreaterThan(right / 10)
    expect(right).toBeGreaterThan(wrong / 10)
  })

  test('a body of more than 64 KB is not read for a stranger', async () => {
    const { status } = await testDesk().send('POST', '/login', { body: { password: 'x'.repeat(70_000) } })
    expect(status).toBe(413)
  })

  test('a form of another page cannot use up the tries of its visitor', async () => {
    const desk = testDesk()
    for (let n = 0; n < 6; n++) {
      const headers = { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' }
      expect((await desk.send('POST', '/login', { raw: '{"password":"x"}', headers })).status).toBe(403)
    }
    expect((await desk.send('POST', '/login', { body: { password: PASSWORD } })).status).toBe(200)
  })

  test('a form is refused: the body must be JSON', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { status, json } = await testDesk().send('POST', '/login', { raw: 'password=x', headers })
    expect(status).toBe(400)
    expect(json.success).toBe(false)
  })

  test('when the session cannot be stored nobody is told that the password was wrong', async () => {
    const desk = testDesk()
    await desk.send('GET', '/admin/channels', { token: 'a'.repeat(64) })
    desk.state.failWith = new StoreError('busy', 'locked')
    const { status, json } = await desk.send('POST', '/login', { body: { password: PASSWORD } })
    expect(status).toBe(503)
    expect(json.success).toBe(false)
  })

  test('neither the password nor a session token reaches the log', async () => {
    const desk = testDesk()
    const { token } = desk
    await desk.send('POST', '/login', { body: { password: 'wrong-canary' } })
    await desk.send('GET', '/admin/channels', { token })
    const log = JSON.stringify(desk.lines)
    for (const secret of [PASSWORD, 'wrong-canary', token]) expect(log).not.toContain(secret)
  })
})

describe('POST /logout', () => {
  test('ends the session it names', async () => {
    const desk = testDesk()
    const { token } = desk
    expect((await desk.send('POST', '/logout', { token })).json).toEqual({
      success: true,
      data: { message: '已登出' },
      error: '',
      count: 0,
    })
    expect((await desk.send('GET', '/admin/channels', { token })).status).toBe(401)
  })

  test.each([{}, { token: 'nonsense' }, { token: 'a'.repeat(64) }])('is 200 whoever asks: %j', async (more) => {
    expect((await testDesk().send('POST', '/logout', more)).status).toBe(200)
  })
})
