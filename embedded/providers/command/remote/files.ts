/** The files of a host over SFTP, with promises that do not outlive the connection or the user's patience. */
import type { Client, SFTPWrapper, Stats } from "ssh2";
import { reasonOf } from "../watch.ts";
import { SessionRefused, type Lane } from "./pool.ts";

const CODES: Readonly<Record<number, string>> = { 2: "there is no such file or folder", 3: "permission denied", 4: "the host refused it" };
const NO_SUCH_FILE = 2;
/** How long tidying up may take after a copy was cut short. Milliseconds. */
const TIDY_PATIENCE = 5_000;

/** Opens a session for files. */
export function openFiles(client: Client): Promise<SFTPWrapper> {
    return new Promise((resolve, reject) => {
        client.sftp((error, sftp) => {
            if (!error) resolve(sftp);
            else if (error.message.startsWith("Unable to start subsystem")) reject(new SessionRefused("its sshd has no sftp subsystem"));
            else reject(error);
        });
    });
}

type Callback<T> = (error: (Error & { code?: unknown }) | null | undefined, value: T) => void;

/** An answer of the host, with SFTP's status code. */
export class FileError extends Error {
    readonly status: number | undefined;
    constructor(error: Error & { code?: unknown }) {
        const status = typeof error.code === "number" ? error.code : undefined;
        super((status === undefined ? undefined : CODES[status]) ?? error.message, { cause: error });
        this.status = status;
    }
}

export class RemoteFiles {
    readonly #sftp: SFTPWrapper;
    readonly #pending = new Set<(error: Error) => void>();
    #broken: Error | undefined;

    constructor(sftp: SFTPWrapper, lane: Lane, signal: AbortSignal) {
        this.#sftp = sftp;
        sftp.on("error", () => {}); // each request has its own answer
        void lane.lost.then((reason) => this.#break(new Error(`the connection was lost (${reason})`)));
        if (signal.aborted) this.#break(new Error(reasonOf(signal)));
        else signal.addEventListener("abort", () => this.#break(new Error(reasonOf(signal))), { once: true });
    }

    #break(error: Error): void {
        this.#broken = error;
        for (const reject of this.#pending) reject(error);
        this.#pending.clear();
    }

    async #ask<T>(request: (answer: Callback<T>) => void): Promise<T> {
        if (this.#broken) throw this.#broken;
        return await new Promise<T>((resolve, reject) => {
            this.#pending.add(reject);
            request((error, value) => {
                this.#pending.delete(reject);
                if (error) reject(new FileError(error));
                else resolve(value);
            });
        });
    }

    /** What is at the path, links followed; undefined when nothing is. */
    async stat(path: string): Promise<Stats | undefined> {
        return await this.#orNothing(this.#ask<Stats>((answer) => this.#sftp.stat(path, answer)));
    }

    /** What is at the path itself; undefined when nothing is. */
    async lstat(path: string): Promise<Stats | undefined> {
        return await this.#orNothing(this.#ask<Stats>((answer) => this.#sftp.lstat(path, answer)));
    }

    async #orNothing(found: Promise<Stats>): Promise<Stats | undefined> {
        return await found.catch((error: unknown) => {
            if (error instanceof FileError && error.status === NO_SUCH_FILE) return undefined;
            throw error;
        });
    }

    async realpath(path: string): Promise<string> {
        return await this.#ask((answer) => this.#sftp.realpath(path, answer));
    }

    async mkdir(path: string): Promise<void> {
        await this.#ask<void>((answer) => this.#sftp.mkdir(path, answer as Callback<void>));
    }

    /** @param flags `wx` makes a new file, `w` writes over an existing one */
    async open(path: string, flags: "w" | "wx"): Promise<Buffer> {
        return await this.#ask((answer) => this.#sftp.open(path, flags, answer));
    }

    async write(handle: Buffer, bytes: Buffer, position: number): Promise<void> {
        await this.#ask<void>((answer) => this.#sftp.write(handle, bytes, 0, bytes.length, position, answer as Callback<void>));
    }

    async fstat(handle: Buffer): Promise<Stats> {
        return await this.#ask((answer) => this.#sftp.fstat(handle, answer));
    }

    async chmod(handle: Buffer, mode: number): Promise<void> {
        await this.#ask<void>((answer) => this.#sftp.fchmod(handle, mode, answer as Callback<void>));
    }

    async chown(handle: Buffer, user: number, group: number): Promise<void> {
        await this.#ask<void>((answer) => this.#sftp.fchown(handle, user, group, answer as Callback<void>));
    }

    /** Brings a file to the disk; nothing where the host cannot. */
    async sync(handle: Buffer): Promise<void> {
        await this.#ask<unknown>((answer) => this.#sftp.ext_openssh_fsync(handle, answer as Callback<unknown>)).catch((error: unknown) => {
            if (error instanceof FileError) throw error;
        });
        if (this.#broken) throw this.#broken;
    }

    async close(handle: Buffer): Promise<void> {
        await this.#ask<void>((answer) => this.#sftp.close(handle, answer as Callback<void>));
    }

    /** Puts a file in the place of another, which is there whole at any moment. */
    async replace(from: string, to: string): Promise<void> {
        await this.#ask<void>((answer) => this.#sftp.ext_openssh_rename(from, to, answer as Callback<void>));
    }

    /** The bytes that are free for the user where the path is; undefined when the host does not say. */
    async free(path: string): Promise<number | undefined> {
        type Sizes = { f_bavail?: unknown; f_frsize?: unknown };
        return await this.#ask<Sizes>((answer) => this.#sftp.ext_openssh_statvfs(path, answer as Callback<Sizes>)).then(
            ({ f_bavail, f_frsize }) => Number(f_bavail) * Number(f_frsize),
            () => undefined,
        );
    }

    /** Removes a file that was not finished, also after the copy was cut short. Whether that worked. */
    async tidy(path: string): Promise<boolean> {
        return await new Promise((resolve) => {
            const patience = setTimeout(() => resolve(false), TIDY_PATIENCE);
            const done = (worked: boolean) => {
                clearTimeout(patience);
                resolve(worked);
            };
            try {
                this.#sftp.unlink(path, (error) => done(!error));
            } catch {
                done(false);
            }
        });
    }

    end(): void {
        this.#sftp.end();
    }
}
