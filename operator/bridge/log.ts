/** Plain lines on standard error, as `kubectl logs` shows them best. */
export type Level = "debug" | "info" | "warn" | "error";
export type Log = (level: Level, text: string) => void;

const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/** @param least the lowest level that is shown (LOG_LEVEL, default info) */
export function plainLog(least: string | undefined, write: (line: string) => void = (line) => void process.stderr.write(line)): Log {
    const from = Math.max(0, LEVELS.indexOf((least ?? "info") as Level));
    return (level, text) => {
        if (LEVELS.indexOf(level) >= from) write(level === "info" ? `${text}\n` : `${level}: ${text}\n`);
    };
}
