/** What every process of the operator shares: logs, metrics, the health endpoint and the command line's environment. */

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
    info(message: string, fields?: Fields): void;
    warn(message: string, fields?: Fields): void;
    error(message: string, fields?: Fields): void;
    /** A logger that adds `fields` to every line. */
    with(fields: Fields): Logger;
}

type Write = (line: string) => void;

/**
 * A logger of JSON lines on standard output: `time`, `level`, `message`, then the fields.
 * Never hand it a secret: nothing is filtered here.
 */
export function jsonLogger(fields: Fields = {}, write: Write = (line) => void process.stdout.write(line)): Logger {
    const at =
        (level: string) =>
        (message: string, more: Fields = {}): void =>
            write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields, ...more })}\n`);
    return { info: at("info"), warn: at("warn"), error: at("error"), with: (more) => jsonLogger({ ...fields, ...more }, write) };
}

/** A logger that says nothing. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {}, with: () => silentLogger };

/** The text of anything thrown, with its cause: what went wrong on a socket is often only there. */
export function errorText(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    const cause = error.cause instanceof Error ? error.cause.message : "";
    const text = error.message || (error as NodeJS.ErrnoException).code || error.name;
    return cause && !text.includes(cause) ? `${text}: ${cause}` : text;
}
