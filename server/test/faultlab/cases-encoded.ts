import type { Behaviour } from '../mock-upstream/behaviour.ts'
import { SOFT_FORMS, softCase, unseen } from './cases-content.ts'
import { begun, type FaultCase, FULL } from './fault-case.ts'

const CODINGS = ['gzip', 'br', 'zstd'] as const
/** Content first, in a packet of its own. */
const PAUSE = { kind: 'stall', ms: 150, afterEvents: 1 } as const satisfies Behaviour

function streams(coding: (typeof CODINGS)[number]): readonly FaultCase[] {
  const encoding = { kind: 'encoding', coding } as const satisfies Behaviour
  return [
    {
      id: 'F8',
      title: `a stream inside ${coding}, whole: the bytes as they came`,
      forms: ['stream'],
      answers: () => ({ a0: { always: encoding } }),
      expect: () => ({
        client: [{ saw: 'their-bytes', from: 'a0' }],
        calls: { a0: 1 },
        rests: [],
        rows: ['a0 200'],
        money: [FULL],
      }),
    },
    {
      id: 'F8',
      title: `a stream inside ${coding} is cut in the middle: a cut, for no event can be put in`,
      forms: ['stream'],
      answers: () => ({ a0: { always: [{ kind: 'malformed-chunk', afterEvents: 2 }, PAUSE, encoding] } }),
      expect: (cell) => ({
        client: [{ saw: 'cut', begins: 'a0' }],
        calls: { a0: 1 },
        rests: [{ what: 'a', status: 599, class: 'server' }],
        rows: ['a0 599'],
        money: [begun(cell)],
      }),
    },
    {
      id: 'F18',
      title: `a stream inside ${coding} is cut before content: the next channel, unseen`,
      forms: ['stream'],
      answers: () => ({ a0: { always: [encoding, { kind: 'cut-after-bytes', bytes: 12 }] } }),
      expect: () => unseen(502),
    },
    {
      id: 'F18',
      title: `a whole answer inside ${coding} that ends halfway: the next channel, unseen`,
      forms: ['whole'],
      answers: () => ({ a0: { always: [encoding, { kind: 'cut-after-bytes', bytes: 60, framing: 'eof' }] } }),
      expect: () => unseen(502),
    },
  ]
}

/** F8, F17, F18 in a compressed body: what is a fault in plain text is one there too. */
export const ENCODED_CASES: readonly FaultCase[] = CODINGS.flatMap((coding) => [
  ...SOFT_FORMS.map((form) => softCase(form, coding)),
  ...streams(coding),
])
