/** Without a terminal: a line when something begins, is awaited for long, or ends. */
import { cellsOf } from "./cells.ts";
import { isRootStack } from "./names.ts";
import type { DisplayOptions } from "./options.ts";
import type { Row, Rows } from "./rows.ts";
import { isShown } from "./tree.ts";

/** What is awaited is said again when it changed, but for one resource not more often than this. */
const STATUS_MS = 2_000;
/** Something that takes long is mentioned at least this often. */
const REMIND_MS = 15_000;

export class PlainProgress {
    readonly #options: DisplayOptions;
    readonly #said = new Map<string, { text: string; at: number }>();
    #wrote = false;
    readonly #ended = new Set<string>();
    readonly #timer: NodeJS.Timeout | undefined;

    constructor(rows: Rows, options: DisplayOptions) {
        this.#options = options;
        if (!options.planning && !options.suppressProgress) {
            this.#timer = setInterval(() => this.#remind(rows), 1000);
            this.#timer.unref();
        }
    }

    /** @param row what an event changed */
    update(row: Row, ended: boolean): void {
        const { planning, suppressProgress } = this.#options;
        if (!isShown(row, this.#options) || row.metadata.op === "same") return;
        if (isRootStack(row.metadata.type)) return;
        // In a preview a resource has one line, and only its end says what will be done.
        if (!ended && (planning || suppressProgress)) return;
        const said = this.#said.get(row.urn);
        if (!ended && said && Date.now() - said.at < STATUS_MS) return;
        // Looking at an object is only worth a line when it takes its time.
        if (!ended && row.metadata.op === "refresh") {
            if (!said) this.#said.set(row.urn, { text: "", at: Date.now() });
            return;
        }
        // A component ends twice: when it is registered, and with its outputs.
        const end = `${row.urn} ${row.metadata.op}`;
        if (ended && !row.failed && this.#ended.has(end)) return;
        if (ended) this.#ended.add(end);
        this.#say(row, false);
    }

    /** Writes the lines of what has none yet, when the operation is over. */
    finish(rows: Rows): void {
        clearInterval(this.#timer);
        for (const row of rows.rows.values()) {
            const root = isRootStack(row.metadata.type);
            if (
                isShown(row, this.#options) &&
                (root || row.ended === undefined || (row.metadata.op === "same" && !this.#said.has(row.urn)))
            )
                this.#say(row, true);
        }
        if (this.#wrote) this.#options.screen.write("\n");
    }

    #remind(rows: Rows): void {
        for (const row of rows.rows.values()) {
            const said = this.#said.get(row.urn);
            if (row.ended !== undefined || !said || isRootStack(row.metadata.type)) continue;
            const age = Date.now() - said.at;
            if (age >= REMIND_MS || (age >= STATUS_MS && row.status && !said.text.endsWith(row.status))) this.#say(row, false);
        }
    }

    #say(row: Row, over: boolean): void {
        const cells = cellsOf(row, this.#options, Date.now(), over);
        const text = [cells.symbol, cells.type, cells.name, cells.status, cells.info].join(" ").trimEnd();
        if (this.#said.get(row.urn)?.text === text) return;
        this.#said.set(row.urn, { text, at: Date.now() });
        this.#options.screen.write(`${text}\n`);
        this.#wrote = true;
    }
}
