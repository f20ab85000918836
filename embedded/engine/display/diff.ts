/** `--diff`: each step with the properties that differ. */
import type { StepMetadata, StepState } from "../events.ts";
import { isObject, type PropertyMap, type PropertyValue } from "../values.ts";
import { formatPath, type PathSegment } from "../paths.ts";
import type { Color, Paint } from "./colors.ts";
import { displayType } from "./names.ts";
import { isListed, OPERATIONS, PAST, type Listing } from "./operations.ts";
import { bare, inline, mapLines, propertyLines, visibleKeys, type ValueOptions } from "./values.ts";

export interface DiffOptions extends ValueOptions, Listing {
    readonly paint: Paint;
    readonly planning: boolean;
    /** Properties whose differences are only said to exist (`hideDiffs`). */
    readonly hidden?: readonly string[];
}

/** The lines of a step. @param depth how far the resource is below the stack */
export function diffLines(metadata: StepMetadata, depth: number, options: DiffOptions): string[] {
    const { op, old: before, new: after } = metadata;
    if (!isListed(metadata, options)) return [];
    const { symbol, color, plan } = OPERATIONS[op];
    const { paint, planning } = options;
    const indent = "    ".repeat(depth);
    const inner = `${indent}    `;
    const verb = op === "same" ? "same" : planning ? plan : (PAST[op] ?? OPERATIONS[op].plan);
    const lines = [paint(color, `${indent}${symbol}${displayType(metadata.type)}: (${verb})`)];
    const id = (after ?? before)?.id || before?.id;
    if (id) lines.push(paint("dim", `${inner}[id=${id}]`));
    lines.push(paint("dim", `${inner}[urn=${metadata.urn}]`));
    if (before?.provider && after?.provider && before.provider !== after.provider) {
        lines.push(paint("yellow", `${inner}[provider: ${before.provider} => ${after.provider}]`));
    } else if (metadata.provider) lines.push(paint("dim", `${inner}[provider=${metadata.provider}]`));
    return [...lines, ...propertyDiff(op, before, after, `${inner}`, options)];
}

function propertyDiff(
    op: StepMetadata["op"],
    before: StepState | undefined,
    after: StepState | undefined,
    indent: string,
    options: DiffOptions,
): string[] {
    switch (op) {
        case "same":
            return [];
        case "create":
        case "create-replacement":
        case "import":
        case "read":
        case "read-replacement":
            return after ? mapLines(after.inputs, indent, options).map((line) => options.paint("green", line)) : [];
        case "delete":
        case "delete-replaced":
        case "discard":
            return before ? mapLines(before.inputs, indent, options).map((line) => options.paint("red", line)) : [];
        case "refresh":
            return before && after ? mapDiff(before.outputs, after.outputs, [], indent, hiding(after, options)) : [];
        default:
            return before && after ? mapDiff(before.inputs, after.inputs, [], indent, hiding(after, options)) : [];
    }
}

function hiding({ hideDiff = [] }: StepState, options: DiffOptions): DiffOptions {
    return hideDiff.length ? { ...options, hidden: hideDiff } : options;
}

/** What differs between two objects, one line per change. */
export function mapDiff(
    before: PropertyMap,
    after: PropertyMap,
    path: readonly PathSegment[],
    indent: string,
    options: DiffOptions,
): string[] {
    const keys = [...new Set([...visibleKeys(before), ...visibleKeys(after)])]
        .toSorted()
        .filter((key) => !equal(before[key], after[key], options));
    const width = Math.max(0, ...keys.map((key) => key.length));
    return keys.flatMap((key) => valueDiff(key.padEnd(width), before[key], after[key], [...path, key], indent, options));
}

function valueDiff(
    label: string,
    before: PropertyValue | undefined,
    after: PropertyValue | undefined,
    path: readonly PathSegment[],
    indent: string,
    options: DiffOptions,
): string[] {
    if (options.hidden?.includes(formatPath(path))) return [options.paint("yellow", `${indent}~ ${label}: [diff hidden]`)];
    const mark = (symbol: string, color: Color, lines: readonly string[]): string[] =>
        lines.map((line, i) => options.paint(color, i === 0 ? `${indent}${symbol}${line.slice(indent.length)}` : `  ${line}`));
    if (before === undefined) return mark("+ ", "green", propertyLines(label, after ?? null, indent, options));
    if (after === undefined) return mark("- ", "red", propertyLines(label, before, indent, options));
    const [a, b] = [bare(before, options), bare(after, options)];
    const frame = (open: string, lines: readonly string[], close: string): string[] => [
        options.paint("yellow", `${indent}~ ${label}: ${open}`),
        ...lines,
        options.paint("yellow", `${indent}  ${close}`),
    ];
    if (isObject(a) && isObject(b)) return frame("{", mapDiff(a, b, path, `${indent}    `, options), "}");
    if (Array.isArray(a) && Array.isArray(b)) {
        const [left, right] = [a as readonly PropertyValue[], b as readonly PropertyValue[]];
        const items = Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
            equal(left[i], right[i], options) ? [] : valueDiff(`[${i}]`, left[i], right[i], [...path, i], `${indent}    `, options),
        );
        return frame("[", items.flat(), "]");
    }
    if (typeof a === "string" && typeof b === "string" && (a.includes("\n") || b.includes("\n")))
        return frame("", textDiff(a, b, `${indent}    `, options.paint), "");
    const [x, y] = [inline(before, options), inline(after, options)];
    if (x !== undefined && y !== undefined) return [options.paint("yellow", `${indent}~ ${label}: ${x} => ${y}`)];
    return [
        ...mark("- ", "red", propertyLines(label, before, indent, options)),
        ...mark("+ ", "green", propertyLines(label, after, indent, options)),
    ];
}

/** The lines that differ between two texts; what is the same at both ends is left out. */
function textDiff(before: string, after: string, indent: string, paint: Paint): string[] {
    const [a, b] = [before.split("\n"), after.split("\n")];
    let start = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start++;
    let end = 0;
    while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
    return [
        ...a.slice(start, a.length - end).map((line) => paint("red", `${indent}- ${line}`)),
        ...b.slice(start, b.length - end).map((line) => paint("green", `${indent}+ ${line}`)),
    ];
}

/** Whether two values are the same to a reader who may see the secrets in them; their marks count. */
function equal(a: PropertyValue | undefined, b: PropertyValue | undefined, options: DiffOptions): boolean {
    if (a === b) return true;
    if (a === undefined || b === undefined) return false;
    const open: ValueOptions = { showSecrets: true };
    if (!options.showSecrets && inline(a, options) !== inline(b, options)) return false;
    return JSON.stringify(propertyLines("", a, "", open)) === JSON.stringify(propertyLines("", b, "", open));
}
