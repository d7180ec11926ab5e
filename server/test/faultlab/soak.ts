export async function runSoak(_: number): Promise<number> { return 1 }
