import { Database } from 'bun:sqlite'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/*
 * For tests: databases as the earlier program left them, and what it answered about them.
 */

const FIXTURES = join(import.meta.dir, '../../test/fixtures')

export type Release = '2026-01' | '2026-08'

/** A folder for databases, and how to get rid of it. */
export function databaseFolder(): { fresh(release?: Release): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'ccload-old-'))
  let files = 0
  return {
    fresh(release) {
      files++
      const path = join(folder, `${files}.db`)
      if (release) copyFileSync(join(FIXTURES, `ccload-${release}.sqlite`), path)
      return path
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** Changes a database behind the back of our program. */
export function tamper(path: string, ...statements: readonly string[]): void {
  const database = new Database(path, { create: true, readwrite: true })
  for (const statement of statements) database.run(statement)
  database.close()
}

export function readAll(path: string, query: string): Record<string, unknown>[] {
  const database = new Database(path, { readonly: true })
  try {
    return database.query(query).all() as Record<string, unknown>[]
  } finally {
    database.close()
  }
}

/** Statements that turn the January schema into that of a much older database, with the same data. */
export const TO_LEGACY_SHAPE: readonly string[] = [
  `CREATE TABLE old_channels (id INTEGER PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL,
     priority INTEGER NOT NULL DEFAULT 0, channel_type TEXT NOT NULL DEFAULT 'anthropic',
     enabled INTEGER NOT NULL DEFAULT 1, cooldown_until INTEGER NOT NULL DEFAULT 0,
     cooldown_duration_ms INTEGER NOT NULL DEFAULT 0, models TEXT NOT NULL, model_redirects TEXT NOT NULL,
     created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL)`,
  `INSERT INTO old_channels SELECT id, name, url, priority, channel_type, enabled, cooldown_until, cooldown_duration_ms,
     (SELECT json_group_array(model) FROM channel_models m WHERE m.channel_id = channels.id),
     (SELECT json_group_object(model, redirect_model) FROM channel_models m
       WHERE m.channel_id = channels.id AND redirect_model <> ''),
     created_at, updated_at FROM channels`,
  'DROP TABLE channels',
  'ALTER TABLE old_channels RENAME TO channels',
  'DROP TABLE channel_models',
  `CREATE TABLE channel_models (channel_id INTEGER NOT NULL, model TEXT NOT NULL, created_at INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (channel_id, model))`,
  `DELETE FROM schema_migrations`,
  'DROP INDEX idx_logs_minute_channel_model',
  'DROP INDEX idx_logs_time_actual_model',
  'DROP INDEX idx_logs_time_auth_token',
  'ALTER TABLE logs DROP COLUMN minute_bucket',
  'ALTER TABLE logs DROP COLUMN actual_model',
  'ALTER TABLE logs DROP COLUMN cache_5m_input_tokens',
  'ALTER TABLE logs DROP COLUMN cache_1h_input_tokens',
  'ALTER TABLE auth_tokens DROP COLUMN allowed_models',
  'DROP TABLE admin_sessions',
]
