import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseEnvFile, withEnvFile } from './env-file.ts'

const read = (text: string): Record<string, string> => ({ ...parseEnvFile(text).values })

describe('parseEnvFile', () => {
  test.each([
    ['a plain value', 'A=b', { A: 'b' }],
    ['blanks around it', '  A =  b  ', { A: 'b' }],
    ['export', 'export A=b', { A: 'b' }],
    ['a colon instead of the equals sign', 'A: b', { A: 'b' }],
    ['an equals sign inside the value', 'A=b=c', { A: 'b=c' }],
    ['an empty value', 'A=\nB=1', { A: '', B: '1' }],
    ['a comment line', '# A=b\nB=1', { B: '1' }],
    ['a comment behind a value', 'A=b # c', { A: 'b' }],
    ['a hash inside a value', 'A=b#c', { A: 'b#c' }],
    ['a value that is only a comment', 'A=# c', { A: '' }],
    ['double quotes keep blanks and hashes', 'A=" b # c "', { A: ' b # c ' }],
    ['double quotes know escapes', 'A="b\\nc\\"d\\\\e"', { A: 'b\nc"d\\e' }],
    ['double quotes may span lines', 'A="b\nc"\nD=e', { A: 'b\nc', D: 'e' }],
    ['single quotes mean nothing', "A='b\\n$B\"'", { A: 'b\\n$B"' }],
    ['a comment behind quotes', 'A="b" # c\nD=e', { A: 'b', D: 'e' }],
    ['CRLF line ends', 'A=b\r\nC="d"\r\n', { A: 'b', C: 'd' }],
    ['a byte order mark', '\uFEFFA=b', { A: 'b' }],
    ['the last one of two wins', 'A=b\nA=c', { A: 'c' }],
    ['an earlier value', 'A=b\nC=x${A}y\nD=$A', { A: 'b', C: 'xby', D: 'b' }],
    ['an earlier value inside double quotes', 'A=b\nC="$A"', { A: 'b', C: 'b' }],
    ['an escaped dollar', 'A=b\nC=\\$A', { A: 'b', C: '$A' }],
    ['a non-Latin value', 'A=密码', { A: '密码' }],
    ['a name that objects have anyway', '__proto__=b\nA=c', { A: 'c', ['__proto__']: 'b' }],
  ])('reads %s', (_, text, expected) => {
    expect(Object.entries(read(text)).sort()).toEqual(Object.entries(expected).sort())
  })

  test('a password with dollars is never shortened when no such name exists', () => {
    expect(read('CCLOAD_PASS=ab$CD$$e${F}')).toEqual({ CCLOAD_PASS: 'ab$CD$$e${F}' })
  })

  test('an open quote is reported with its line, shows no value and does not swallow what follows', () => {
    const file = parseEnvFile('\n\nCCLOAD_PASS="hunter2\nPORT=1')
    expect({ ...file.values }).toEqual({ PORT: '1' })
    expect(file.warnings).toEqual(['.env line 3: the quote of CCLOAD_PASS is never closed'])
  })

  test('a line that is no assignment is reported without its text', () => {
    const file = parseEnvFile('A=1\nhunter2\nB=2')
    expect({ ...file.values }).toEqual({ A: '1', B: '2' })
    expect(file.warnings).toEqual(['.env line 2: is not NAME=value'])
  })

  test('what is single-quoted comes back as it was, whatever it is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 50 }).filter((value) => !/['\r]/.test(value))
    fc.assert(fc.property(text, (value) => read(`A='${value}'\nB=1`)['A'] === value))
  })

  test('no text makes it throw, and it always ends', () => {
    const pieces = fc.array(fc.constantFrom('A', '=', '"', "'", '\\', '\n', '$', '{', '}', '#', ' ', 'export '), {
      maxLength: 40,
    })
    fc.assert(fc.property(pieces, (parts) => Array.isArray(parseEnvFile(parts.join('')).warnings)))
  })
})

describe('withEnvFile', () => {
  test('never overrides a variable that is really set, also not one set to nothing', () => {
    const { env } = withEnvFile({ PORT: '1', TZ: '' }, 'PORT=2\nTZ=UTC\nGIN_LOG=0')
    expect(env).toEqual({ PORT: '1', TZ: '', GIN_LOG: '0' })
  })
})
