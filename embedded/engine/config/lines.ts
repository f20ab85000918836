/**
 * Changes of a YAML text at one place, made in the text itself. They are attempts: whoever uses one compares what the
 * text says afterwards with what it should, for YAML has more ways of writing things than are thought of here.
 */
import { Document, isCollection, isMap, isNode, isPair, isScalar, type YAMLMap } from "yaml";
import type { PathSegment } from "../paths.ts";

/** The text with another single value in place of one. */
export function replaced(text: string, map: YAMLMap, place: readonly PathSegment[], value: unknown): string | undefined {
    const node = map.getIn(place, true);
    if (!isScalar(node) || !node.range || typeof value === "object" || node.type?.startsWith("BLOCK")) return undefined;
    return text.slice(0, node.range[0]) + inline(value) + text.slice(node.range[1]);
}

/** The text with one more key at the end of a map. */
export function added(text: string, map: YAMLMap, key: string, value: unknown): string | undefined {
    const first = map.items[0]?.key;
    const last = map.items.at(-1);
    if (map.flow || !isNode(first) || !first.range || !isPair(last)) return undefined;
    const column = first.range[0] - text.lastIndexOf("\n", first.range[0] - 1) - 1;
    const at = endOf(text, last.value ?? last.key);
    if (at === undefined) return undefined;
    const lines = new Document({ [key]: value }).toString({ lineWidth: 0, indent: Math.max(column, 1) }).trimEnd();
    const block = lines.replaceAll(/^(?=.)/gm, " ".repeat(column));
    return `${text.slice(0, at)}${text[at - 1] === "\n" ? "" : "\n"}${block}\n${text.slice(at)}`;
}

/** The text without the lines of a key or of an item. */
export function removed(text: string, map: YAMLMap, place: readonly PathSegment[]): string | undefined {
    const parent = place.length > 1 ? map.getIn(place.slice(0, -1), true) : map;
    if (!isCollection(parent) || parent.flow || parent.items.length < 2) return undefined;
    const last = place.at(-1);
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === last) : undefined;
    const item = isMap(parent) ? pair?.key : parent.items[Number(last)];
    const value = pair ? (pair.value ?? pair.key) : item;
    if (!isNode(item) || !item.range) return undefined;
    const start = text.lastIndexOf("\n", item.range[0] - 1) + 1;
    const end = endOf(text, value);
    if (end === undefined || !/^[ ]*(- )?$/.test(text.slice(start, item.range[0]))) return undefined;
    return text.slice(0, start) + text.slice(end);
}

/** Where the lines of a value end. */
function endOf(text: string, node: unknown): number | undefined {
    if (!isNode(node) || !node.range) return undefined;
    const [, end] = node.range;
    if (text[end - 1] === "\n") return end;
    const line = text.indexOf("\n", end);
    return line < 0 ? text.length : line + 1;
}

/** A single value on one line; texts that could be taken for something else in quotes. */
function inline(value: unknown): string {
    if (typeof value !== "string") return JSON.stringify(value);
    const written = new Document(value).toString({ lineWidth: 0 }).trimEnd();
    return /^[\w./-]*$/.test(written) || /^".*"$/.test(written) ? written : JSON.stringify(value);
}
