/** How this program is started once more: by its script under Bun, or as the compiled file that it is. */
export function selfCommand(): readonly string[] {
  const script = Bun.main
  const isCompiled = script.startsWith('/$bunfs/') || script.startsWith('B:\\~BUN')
  return isCompiled ? [process.execPath] : [process.execPath, '--no-env-file', script]
}
