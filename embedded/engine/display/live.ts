/** On a terminal: the tree, drawn again in place, never higher than the screen. */
import { cutTo } from "./colors.ts";
import type { DisplayOptions } from "./options.ts";
import type { Row, Rows } from "./rows.ts";
import { treeLines } from "./tree.ts";

const FRAME_MS = 100;
/** Lines left free below the header and the tree: the cursor's own, and one of air. */
const MARGIN = 2;

export class LiveProgress {
    readonly #rows: Rows;
    readonly #options: DisplayOptions;
    readonly #timer: NodeJS.Timeout;
    #drawn = 0;
    #shown = "";

    constructor(rows: Rows, options: DisplayOptions) {
        this.#rows = rows;
        this.#options = options;
        this.#timer = setInterval(() => this.draw(), FRAME_MS);
        this.#timer.unref();
    }

    draw(): void {
        const { screen, paint, suppressProgress } = this.#options;
        if (suppressProgress || !this.#rows.rows.size) return;
        const { header, lines } = treeLines(this.#rows, this.#options, Date.now(), false);
        if (!lines.length) return;
        const room = Math.max(3, screen.rows - MARGIN - 1);
        const shown = fit(lines, room, (hidden) => paint("dim", `     … ${hidden} more`));
        this.#replace([header, ...shown].map((line) => cutTo(line, screen.columns - 1)));
    }

    /** Draws the whole tree once and for all. */
    finish(): void {
        clearInterval(this.#timer);
        if (!this.#rows.rows.size) return;
        const { header, lines } = treeLines(this.#rows, this.#options, Date.now(), true);
        this.#replace(lines.length ? [header, ...lines.map((line) => line.text), ""] : []);
        this.#drawn = 0;
    }

    /** Writes a line above the tree. */
    above(text: string): void {
        this.#replace([]);
        this.#options.screen.write(`${text}\n`);
        this.draw();
    }

    #replace(lines: readonly string[]): void {
        const text = lines.join("\n");
        if (lines.length && this.#drawn === lines.length && text === this.#shown) return;
        this.#shown = text;
        const up = this.#drawn ? `\u001b[${this.#drawn}A\r\u001b[0J` : "";
        this.#drawn = lines.length;
        this.#options.screen.write(up + lines.map((line) => `${line}\n`).join(""));
    }
}

/** The lines that fit: what is running first, then what ended last; always in the order of the tree. */
export function fit(lines: readonly { text: string; row: Row }[], room: number, more: (hidden: number) => string): string[] {
    if (lines.length <= room) return lines.map((line) => line.text);
    const chosen = new Set(lines.toSorted((a, b) => rank(b) - rank(a)).slice(0, room - 1));
    return [...lines.filter((line) => chosen.has(line)).map((line) => line.text), more(lines.length - chosen.size)];
}

/** The higher, the rather shown. */
function rank({ row }: { row: Row }): number {
    if (row.failed) return Infinity;
    return row.ended ?? Number.MAX_SAFE_INTEGER;
}
