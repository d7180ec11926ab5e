import type { UsdRates } from './rates.ts'

/**
 * OpenAI's priority processing, USD for a million tokens. It excludes long prompts: those cost what they always do.
 *
 * Source: https://openai.com/api-priority-processing/, read in November 2026.
 */
export const PRIORITY: Readonly<Record<string, UsdRates>> = {
  'gpt-5.5': { input: 12.5, output: 75, cacheRead: 1.25 },
  'gpt-5.4': { input: 5, output: 30, cacheRead: 0.5 },
  'gpt-5.4-mini': { input: 1.5, output: 9, cacheRead: 0.15 },
  'gpt-5.2': { input: 3.5, output: 28, cacheRead: 0.35 },
  'gpt-5.1': { input: 2.5, output: 20, cacheRead: 0.25 },
  'gpt-5.1-codex': { input: 2.5, output: 20, cacheRead: 0.25 },
  'gpt-5': { input: 2.5, output: 20, cacheRead: 0.25 },
  'gpt-5-codex': { input: 2.5, output: 20, cacheRead: 0.25 },
  'gpt-5-mini': { input: 0.45, output: 3.6, cacheRead: 0.045 },
  'gpt-4.1': { input: 3.5, output: 14, cacheRead: 0.875 },
  'gpt-4.1-mini': { input: 0.7, output: 2.8, cacheRead: 0.175 },
  'gpt-4.1-nano': { input: 0.2, output: 0.8, cacheRead: 0.05 },
  'gpt-4o': { input: 4.25, output: 17, cacheRead: 2.125 },
  'gpt-4o-2024-05-13': { input: 8.75, output: 26.25, cacheRead: 8.75 },
  'gpt-4o-mini': { input: 0.25, output: 1, cacheRead: 0.125 },
  o3: { input: 3.5, output: 14, cacheRead: 0.875 },
  'o4-mini': { input: 2, output: 8, cacheRead: 0.5 },
}
