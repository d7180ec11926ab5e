import { z } from 'zod'
import { ignoring } from './ignoring.ts'
import type { Route } from './route.ts'

export const SETTING_ROUTES = {
  list: { method: 'GET', path: '/admin/settings' },
  saveMany: { method: 'POST', path: '/admin/settings/batch' },
  get: { method: 'GET', path: '/admin/settings/:key' },
  save: { method: 'PUT', path: '/admin/settings/:key' },
  reset: { method: 'POST', path: '/admin/settings/:key/reset' },
} as const satisfies Record<string, Route>

/** A value as typed; `true`, `1` and `"1"` are as good as the text. */
const value = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number or true/false' })
  .transform(String)

/** Fields of an answer that cannot be set. */
const READ_ONLY = [
  'key',
  'value_type',
  'description',
  'description_en',
  'default_value',
  'updated_at',
  'group',
  'unit',
  'min',
  'max',
  'except',
  'choices',
  'may_be_empty',
  'lines',
] as const

export const settingBody = ignoring(READ_ONLY, z.strictObject({ value }))
export type SettingBody = z.output<typeof settingBody>

/** Values by key: all are saved, or, when one is wrong, none. */
export const settingsBody = z.record(z.string(), value)
export type SettingsBody = z.output<typeof settingsBody>

export const settingAnswer = z.strictObject({
  key: z.string(),
  value: z.string(),
  /** `duration`: whole seconds. */
  value_type: z.enum(['int', 'bool', 'string', 'duration']),
  /** Chinese. */
  description: z.string(),
  description_en: z.string(),
  default_value: z.string(),
  /** Unix seconds of the last change; 0 = never changed. */
  updated_at: z.int(),
  group: z.string(),
  unit: z.string().optional(),
  /** Bounds of a number, both inclusive. */
  min: z.int().optional(),
  max: z.int().optional(),
  /** Numbers inside the bounds that are refused. */
  except: z.array(z.int()).optional(),
  choices: z.array(z.string()).optional(),
  may_be_empty: z.boolean(),
  /** The text has one entry a line. */
  lines: z.boolean(),
})
export type Setting = z.output<typeof settingAnswer>

export const settingListAnswer = z.array(settingAnswer)
export const savedSettingAnswer = z.strictObject({ message: z.string(), key: z.string(), value: z.string() })
export const savedSettingsAnswer = z.strictObject({ message: z.string() })
