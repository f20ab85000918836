/**
 * What is put before a remote command: a line of sh that says on standard error in which process group the command runs,
 * so that it can be ended, and which variables of the environment sshd has not passed on (`AcceptEnv`). The user's login
 * shell runs it; the words are such that every common shell takes them. The command itself follows unchanged.
 */
import { randomBytes } from "node:crypto";

const MOST_HELD = 64 * 1024;

/**
 * Arguments: the mark, then `NAME=LENGTH` for each variable, a dash before those that may be missing. Its own variables
 * are called so that none of the environment is in the way.
 */
const REPORT = [
    "q_m=$1; shift; q_b=; q_f=",
    'for q_e do q_o=; case $q_e in -*) q_o=1; q_e=${q_e#-};; esac; q_n=${q_e%%=*}; q_l=${q_e#*=}; eval "q_s=\\${$q_n+set}; q_v=\\${$q_n-}"; ' +
        'if [ "$q_s" = set ] && { [ -z "$q_l" ] || [ "${#q_v}" = "$q_l" ]; }; then continue; fi; q_b="$q_b $q_n"; [ -n "$q_o" ] || q_f=1; done',
    "if [ -r /proc/$$/stat ] && read -r q_x </proc/$$/stat; then set -- ${q_x##*) }; q_g=$3; else set -- $(ps -o pgid= -p $$); q_g=$1; fi",
    '[ "$q_g" = "$PPID" ] || q_g=0',
    'echo "$q_m $q_g$q_b" >&2',
    '[ -z "$q_f" ]',
].join("; ");

/** The length tells a variable that was passed on from one that was there before; only where all count it alike. */
function lengthOf(value: string): string {
    return /^[\x20-\x7e]*$/.test(value) ? String(value.length) : "";
}

export interface Prelude {
    /** To run in place of the script. */
    readonly line: string;
    readonly mark: string;
}

export function prelude(script: string, required: Readonly<Record<string, string>>, optional: Readonly<Record<string, string>>): Prelude {
    const mark = randomBytes(12).toString("hex");
    const checks = Object.entries(required).map(([name, value]) => `${name}=${lengthOf(value)}`);
    const looks = Object.entries(optional).map(([name, value]) => `-${name}=${lengthOf(value)}`);
    return { line: `/bin/sh -c '${REPORT}' sh ${[mark, ...checks, ...looks].join(" ")} || exit 255; ${script}`, mark };
}

export interface Report {
    /** The number of the process group; undefined when the login shell has none of its own, so that others would be ended with it. */
    readonly group: number | undefined;
    readonly refused: readonly string[];
}

/** Takes the report's line out of a stream of standard error. */
export class ReportReader {
    readonly #mark: string;
    readonly #pass: (chunk: Buffer) => void;
    readonly #found: (report: Report) => void;
    #held: Buffer | undefined = Buffer.alloc(0);

    constructor(mark: string, pass: (chunk: Buffer) => void, found: (report: Report) => void) {
        this.#mark = mark;
        this.#pass = pass;
        this.#found = found;
    }

    write(chunk: Buffer): void {
        if (this.#held === undefined) {
            this.#pass(chunk);
            return;
        }
        this.#held = Buffer.concat([this.#held, chunk]);
        const start = this.#held.indexOf(this.#mark);
        const end = start < 0 ? -1 : this.#held.indexOf("\n", start);
        if (end >= 0) {
            const [group = "", ...refused] = this.#held
                .toString("latin1", start + this.#mark.length, end)
                .trim()
                .split(" ");
            this.#found({ group: Number(group) > 1 ? Number(group) : undefined, refused });
            this.#release(Buffer.concat([this.#held.subarray(0, start), this.#held.subarray(end + 1)]));
        } else if (this.#held.length > MOST_HELD) this.#release(this.#held);
    }

    /** The stream has ended: passes on what was held back. */
    end(): void {
        if (this.#held) this.#release(this.#held);
    }

    #release(bytes: Buffer): void {
        this.#held = undefined;
        if (bytes.length) this.#pass(bytes);
    }
}
