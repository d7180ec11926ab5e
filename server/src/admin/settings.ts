import {
  SETTING_ROUTES,
  type Setting,
  type SettingBody,
  type SettingsBody,
  settingBody,
  settingsBody,
} from '@ccload/contract/settings.ts'
import type { SettingRow } from '../config/setting-row.ts'
import { parseSetting, settingRow, settingText } from '../config/settings.ts'
import { SETTINGS } from '../config/settings-table.ts'
import type { SettingValues } from '../core/snapshot.ts'
import { changed } from './change.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint, endpointWithBody } from './endpoint.ts'
import { done, type Refused, type Reply, refused } from './reply.ts'

const MAX_NAME_CHARS = 100

/** Everything that can be changed while the program runs. Each change is in force when it is answered. */
export function settingEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [
    endpoint(SETTING_ROUTES.list, () => list(deps)),
    endpointWithBody(SETTING_ROUTES.saveMany, settingsBody, (body) => saveMany(deps, body)),
    endpoint(SETTING_ROUTES.get, ({ params }) => get(deps, params['key'] ?? '')),
    endpointWithBody(SETTING_ROUTES.save, settingBody, (body, { params }) => save(deps, params['key'] ?? '', body)),
    endpoint(SETTING_ROUTES.reset, ({ params }) => reset(deps, params['key'] ?? '')),
  ]
}

function list({ control }: AdminDeps): Reply {
  const rows = SETTINGS.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return done(rows.map((row) => settingView(row, control)))
}

function get({ control }: AdminDeps, key: string): Reply {
  const row = settingRow(key)
  return row === undefined ? unknownKey(key) : done(settingView(row, control))
}

async function save({ control }: AdminDeps, key: string, { value }: SettingBody): Promise<Reply> {
  if (settingRow(key) === undefined) return unknownKey(key)
  const parsed = parseSetting(key, value)
  if (!parsed.ok) return invalid(key, parsed.message)
  const change = await control.saveSettings({ [key]: parsed.value })
  return changed({ message: '配置已保存，立即生效', key, value: settingText(parsed.value) }, change)
}

async function reset({ control }: AdminDeps, key: string): Promise<Reply> {
  const row = settingRow(key)
  if (row === undefined) return unknownKey(key)
  const change = await control.saveSettings({ [key]: row.fallback })
  return changed({ message: '配置已重置为默认值，立即生效', key, value: settingText(row.fallback) }, change)
}

/** All are judged before one is saved. */
async function saveMany({ control }: AdminDeps, body: SettingsBody): Promise<Reply> {
  const entries = Object.entries(body)
  if (entries.length === 0) return refused(400, 'no settings to update')
  const values: Record<string, SettingValues[string]> = {}
  for (const [key, text] of entries) {
    if (settingRow(key) === undefined) return refused(400, `unknown setting: ${shown(key)}`)
    const parsed = parseSetting(key, text)
    if (!parsed.ok) return invalid(key, parsed.message)
    values[key] = parsed.value
  }
  const change = await control.saveSettings(values)
  return changed({ message: `已保存 ${entries.length} 项配置，立即生效` }, change)
}

function unknownKey(key: string): Refused {
  return refused(404, `setting not found: ${shown(key)}`)
}

function invalid(key: string, why: string): Refused {
  return refused(400, `invalid value for ${key}: ${why}`)
}

function shown(key: string): string {
  return key.replace(/\p{Cc}/gu, '?').slice(0, MAX_NAME_CHARS)
}

function settingView(row: SettingRow, control: Pick<AdminDeps['control'], 'settings' | 'settingUpdatedAtS'>): Setting {
  return {
    key: row.key,
    value: settingText(control.settings()[row.key] ?? row.fallback),
    value_type: row.type,
    description: row.zh,
    description_en: row.en,
    default_value: settingText(row.fallback),
    updated_at: control.settingUpdatedAtS(row.key),
    group: row.group,
    ...(row.unit === undefined ? {} : { unit: row.unit }),
    ...(row.min === undefined ? {} : { min: row.min }),
    ...(row.max === undefined ? {} : { max: row.max }),
    ...(row.except === undefined ? {} : { except: [...row.except] }),
    ...(row.choices === undefined ? {} : { choices: [...row.choices] }),
    may_be_empty: row.mayBeEmpty === true,
    lines: row.lines === true,
  }
}
