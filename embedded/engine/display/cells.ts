/** The columns of a resource's line: symbol, type, name, status, info. */
import type { StepMetadata } from "../events.ts";
import { isObject } from "../values.ts";
import { plainPaint, type Paint } from "./colors.ts";
import { displayType, isRootStack, nameOf } from "./names.ts";
import { OPERATIONS } from "./operations.ts";
import type { DisplayOptions } from "./options.ts";
import { isPart, shownOp, type Row } from "./rows.ts";
import { isInternal } from "./values.ts";

export interface Cells {
    readonly symbol: string;
    readonly type: string;
    readonly name: string;
    readonly status: string;
    readonly info: string;
}

/** @param over whether the whole operation is over */
export function cellsOf(row: Row, options: Pick<DisplayOptions, "paint" | "planning">, now: number, over: boolean): Cells {
    const { paint } = options;
    const words = OPERATIONS[shownOp(row, options.planning || over)];
    return {
        symbol: paint(words.color, ` ${words.symbol}`),
        type: displayType(row.metadata.type),
        name: nameOf(row.urn),
        status: statusOf(row, options, now, over),
        info: infoOf(row, paint, over),
    };
}

function statusOf(row: Row, { paint, planning }: Pick<DisplayOptions, "paint" | "planning">, now: number, over: boolean): string {
    const words = OPERATIONS[shownOp(row, planning || over)];
    const root = isRootStack(row.metadata.type);
    const ended = root ? over : row.ended !== undefined;
    const seconds = ((row.ended ?? now) - row.begun) / 1000;
    if (row.failed || (over && row.diagnostics.some((d) => d.severity === "error"))) return paint("red", `**${words.failed || "failed"}**`);
    if (root && !over) return paint(words.color, "running");
    if (planning) return paint(words.color, words.plan);
    if (!ended)
        return over
            ? paint("yellow", words.doing && `${words.doing} (interrupted)`)
            : paint(words.color, words.doing && `${words.doing} (${Math.floor(seconds)}s)`);
    return paint(words.color, words.done && `${words.done} (${seconds < 1 ? seconds.toFixed(2) : Math.floor(seconds)}s)`);
}

function infoOf(row: Row, paint: Paint, over: boolean): string {
    const parts = [diffInfo((isPart(row.metadata) && row.replacement) || row.metadata, paint)];
    if (over) {
        const count = (severity: string, color: "red" | "yellow" | "magenta", noun: string): string => {
            const n = row.diagnostics.filter((d) => d.severity.startsWith(severity)).length;
            return n ? `${n} ${paint(color, n === 1 ? noun : `${noun}s`)}` : "";
        };
        parts.push(count("error", "red", "error"), count("warning", "yellow", "warning"), count("info", "magenta", "message"));
    } else if (row.status) parts.push(firstLine(row.status));
    else {
        const last = row.diagnostics.at(-1);
        if (last && last.severity !== "debug") parts.push(`${severityWord(last.severity, paint)}${firstLine(last.message)}`);
    }
    return parts.filter(Boolean).join("; ");
}

/** `error: ` in its colour; nothing for plain messages. */
export function severityWord(severity: string, paint: Paint = plainPaint): string {
    if (severity === "error") return `${paint("red", "error:")} `;
    return severity === "warning" ? `${paint("yellow", "warning:")} ` : "";
}

function firstLine(text: string): string {
    return text.trim().split("\n", 1)[0] ?? "";
}

/** `[diff: +added,-removed,~changed]` by the top-level properties. */
function diffInfo(metadata: StepMetadata, paint: Paint): string {
    if (metadata.op === "same" || !metadata.old || !metadata.new) return "";
    const kinds = new Map<string, "+" | "-" | "~">();
    const add = (key: string, kind: "+" | "-" | "~"): void => {
        if (key && !isInternal(key)) kinds.set(key, kinds.has(key) && kinds.get(key) !== kind ? "~" : kind);
    };
    const { inputs: before } = metadata.old;
    const { inputs: after } = metadata.new;
    if (metadata.detailedDiff) {
        for (const [path, kind] of Object.entries(metadata.detailedDiff)) {
            const key = /^(?:\["((?:[^"\\]|\\.)*)"\]|[^.[]+)/.exec(path);
            const name = key?.[1] ?? key?.[0] ?? path;
            const whole = name === path;
            add(name, !whole ? "~" : kind.startsWith("add") ? "+" : kind.startsWith("delete") ? "-" : "~");
        }
    } else if (metadata.diffs) {
        for (const key of metadata.diffs) add(key, !isObject(before) || !(key in before) ? "+" : key in after ? "~" : "-");
    }
    if (!kinds.size) return "";
    const colors = { "+": "green", "-": "red", "~": "yellow" } as const;
    const list = [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, kind]) => paint(colors[kind], `${kind}${key}`));
    return `[diff: ${list.join(",")}]`;
}
