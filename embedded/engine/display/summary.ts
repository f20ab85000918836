/** What follows the tree when an operation is over: diagnostics, outputs, counts, duration. */
import type { StepOp } from "../events.ts";
import { isObject, type PropertyMap, type PropertyValue } from "../values.ts";
import { severityWord } from "./cells.ts";
import type { Paint } from "./colors.ts";
import { displayType, nameOf } from "./names.ts";
import { OPERATIONS, PAST, QUIET } from "./operations.ts";
import type { DisplayOptions } from "./options.ts";
import type { Diagnostic, Rows } from "./rows.ts";
import { inline, propertyLines, visibleKeys, type ValueOptions } from "./values.ts";

export function diagnosticLines(rows: Rows, paint: Paint): string[] {
    const groups = new Map<string, Diagnostic[]>();
    for (const diagnostic of rows.diagnostics) {
        if (diagnostic.severity === "debug") continue;
        const urn = diagnostic.urn ?? rows.root ?? "";
        groups.set(urn, [...(groups.get(urn) ?? []), diagnostic]);
    }
    if (!groups.size) return [];
    const lines = [paint("headline", "Diagnostics:")];
    for (const [urn, diagnostics] of groups) {
        const type = rows.rows.get(urn)?.metadata.type;
        lines.push(`  ${paint("blue", urn ? `${displayType(type ?? urn.split("::")[2] ?? "")} (${nameOf(urn)}):` : "engine:")}`);
        for (const { severity, message } of diagnostics) {
            const text = message.replace(/\s+$/, "").split("\n");
            lines.push(...text.map((line, i) => `    ${i === 0 ? severityWord(severity, paint) : ""}${line}`.trimEnd()));
        }
        lines.push("");
    }
    return lines;
}

/** The stack's outputs, each with what happened to it. */
export function outputLines(before: PropertyMap, after: PropertyMap, options: ValueOptions, paint: Paint): string[] {
    const keys = [...new Set([...visibleKeys(before), ...visibleKeys(after)])].toSorted();
    if (!keys.length) return [];
    const width = Math.max(...keys.map((key) => key.length));
    const lines = [paint("headline", "Outputs:")];
    for (const key of keys) {
        const [old, now] = [before[key], after[key]];
        const label = key.padEnd(width);
        if (now === undefined) lines.push(...marked("- ", "red", propertyLines(label, old ?? null, "", options), paint));
        else if (old === undefined) lines.push(...marked("+ ", "green", propertyLines(label, now, "", options), paint));
        else if (same(old, now)) lines.push(...propertyLines(label, now, "    ", options));
        else {
            const [a, b] = [inline(old, options), inline(now, options)];
            const changed = a !== undefined && b !== undefined ? [`${label}: ${a} => ${b}`] : propertyLines(label, now, "", options);
            lines.push(...marked("~ ", "yellow", changed, paint));
        }
    }
    return [...lines, ""];
}

function marked(symbol: string, color: "green" | "red" | "yellow", lines: readonly string[], paint: Paint): string[] {
    return lines.map((line, i) => paint(color, `  ${i === 0 ? symbol : "  "}${line}`));
}

/** The same value, marks and all. */
function same(a: PropertyValue, b: PropertyValue): boolean {
    if (a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Array.isArray(a) || Array.isArray(b)) {
        return (
            Array.isArray(a) &&
            Array.isArray(b) &&
            a.length === b.length &&
            a.every((item: PropertyValue, i) => same(item, (b as PropertyValue[])[i] ?? null))
        );
    }
    if (isObject(a) !== isObject(b) || a.constructor !== b.constructor) return false;
    const [left, right] = [Object.entries(a), Object.entries(b)] as [[string, PropertyValue][], [string, PropertyValue][]];
    return (
        left.length === right.length &&
        left.every(([key, value]) => key in b && same(value, (b as unknown as Record<string, PropertyValue>)[key] ?? null))
    );
}

export function countLines(
    changes: Readonly<Partial<Record<StepOp, number>>>,
    { paint, planning }: Pick<DisplayOptions, "paint" | "planning">,
): string[] {
    const lines = [paint("headline", "Resources:")];
    let total = 0;
    let kinds = 0;
    for (const [op, words] of Object.entries(OPERATIONS) as [StepOp, (typeof OPERATIONS)[StepOp]][]) {
        const n = changes[op] ?? 0;
        if (!n || QUIET.has(op)) continue;
        total += n;
        kinds++;
        lines.push(`    ${paint(words.color, `${words.symbol}${n} ${planning ? `to ${op}` : (PAST[op] ?? words.done)}`)}`);
    }
    const unchanged = changes.same ?? 0;
    const rest = [...(kinds > 1 ? [paint("bold", `${total} changes`)] : []), ...(unchanged ? [`${unchanged} unchanged`] : [])];
    if (rest.length) lines.push(`    ${rest.join(". ")}`);
    if (lines.length === 1) lines.push("    0 resources");
    return [...lines, ""];
}

/** `1m5s`, as Go writes whole seconds. */
export function durationText(ms: number): string {
    const seconds = Math.ceil(ms / 1000);
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return `${h ? `${h}h` : ""}${h || m ? `${m}m` : ""}${s}s`;
}
