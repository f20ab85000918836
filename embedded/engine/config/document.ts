/**
 * Changing single values of a settings file. Where it can, a change touches the lines of the value alone (`lines.ts`), so
 * that comments, order and style of everything else stay byte by byte; otherwise comments and order stay.
 */
import { isCollection, isMap, isScalar, isSeq, parseDocument, YAMLMap, YAMLSeq, type Document, type ParsedNode } from "yaml";
import { UserError } from "../../common/errors.ts";
import { formatPath, type PathSegment } from "../paths.ts";
import type { SettingKey } from "./keys.ts";
import { added, removed, replaced } from "./lines.ts";
import { fullKey } from "./schema.ts";

/** A value as it is written: `{ secure: … }` for one that is encrypted. */
export type WrittenValue = string | number | boolean | null | { readonly [key: string]: unknown } | readonly unknown[];

/**
 * The file's text with a value set. Inside a value, maps and lists that are missing are made; a list takes a new item at
 * its end.
 * @throws UserError when the path leads through something that is neither
 */
export function withSetting(text: string, project: string, setting: SettingKey, value: WrittenValue): string {
    const document = parseDocument(text);
    const config = configOf(document);
    const name = nameIn(config, project, setting.key) ?? setting.key;
    const { inside } = setting;
    const place = [name, ...inside];
    const little = config.hasIn(place)
        ? replaced(text, config, place, value)
        : config.has(name)
          ? undefined
          : added(text, config, name, nested(inside, value));
    if (!inside.length) config.set(name, document.createNode(value));
    else {
        let at: unknown = config.get(name, true);
        if (!isCollection(at) || isSecure(at)) config.set(name, (at = containerFor(inside[0])));
        for (const [i, segment] of inside.entries()) {
            const where = whereOf(setting.key, inside.slice(0, i));
            const next = inside[i + 1];
            const container = containerAt(at, segment, where);
            if (next === undefined) {
                if (isMap(container) && !container.items.length && segment === "secure" && typeof value === "string")
                    throw new UserError(`"secure" alone cannot be the only key below ${where}: that is how encrypted values are written.`);
                container.set(segment, document.createNode(value));
                break;
            }
            let below: unknown = container.get(segment, true);
            if (below === undefined || (isScalar(below) && below.value === null)) container.set(segment, (below = containerFor(next)));
            at = below;
        }
    }
    return written(document, little, text);
}

/** The file's text without a value; the same text when there is none. */
export function withoutSetting(text: string, project: string, { key, inside }: SettingKey): string {
    const document = parseDocument(text);
    const config = document.get("config", true);
    if (!isMap(config)) return text;
    const name = nameIn(config, project, key);
    if (name === undefined || !config.hasIn([name, ...inside])) return text;
    const little = removed(text, config, [name, ...inside]);
    config.deleteIn([name, ...inside]);
    return written(document, little, text);
}

/** The little change if it says what the document does, and else all of the document. */
function written(document: Document, little: string | undefined, text: string): string {
    try {
        return little !== undefined && same(little, document) ? little : write(document, text);
    } catch (error) {
        if (!(error instanceof ReferenceError)) throw error;
        throw new UserError(
            "Another place in the settings file refers to this value (an anchor, &, and its alias, *): change the file by hand.",
        );
    }
}

/** Whether a text says what the document does. */
function same(text: string, wanted: Document): boolean {
    const found = parseDocument(text);
    return !found.errors.length && JSON.stringify(found.toJS()) === JSON.stringify(wanted.toJS());
}

/** The map of settings, made when it is missing. */
function configOf(document: Document): YAMLMap {
    const present = document.get("config", true);
    if (isMap(present)) return present;
    const made = new YAMLMap();
    if (document.contents === null) document.contents = document.createNode({}) as unknown as ParsedNode;
    document.set("config", made);
    return made;
}

/** How the file writes a key: with its namespace or, if it is the project's, without. */
function nameIn(config: YAMLMap, project: string, key: string): string | undefined {
    const names = config.items.map((pair) => String(isScalar(pair.key) ? pair.key.value : pair.key));
    return names.find((name) => fullKey(name, project) === key);
}

function containerFor(segment: PathSegment | undefined): YAMLMap | YAMLSeq {
    return typeof segment === "number" ? new YAMLSeq() : new YAMLMap();
}

/** A value inside new maps and lists. */
function nested(inside: readonly PathSegment[], value: WrittenValue): unknown {
    return inside.reduceRight<unknown>((below, segment) => (typeof segment === "number" ? [below] : { [segment]: below }), value);
}

function whereOf(key: string, inside: readonly PathSegment[]): string {
    return inside.length ? formatPath([key, ...inside]).replace(/^\["([^"\\]+)"\]/, "$1") : key;
}

/** What a segment of a path is in, when it can be. */
function containerAt(at: unknown, segment: PathSegment, where: string): YAMLMap | YAMLSeq {
    if (isSeq(at)) {
        if (typeof segment !== "number") throw new UserError(`${where} is a list: its items have numbers, found "${segment}".`);
        if (segment > at.items.length)
            throw new UserError(
                `${where} has ${at.items.length} items, so that ${segment} is out of its range; the next one is ${at.items.length}.`,
            );
        return at;
    }
    if (!isMap(at) || isSecure(at)) throw new UserError(`${where} is a single value: nothing can be set inside it. Remove it first.`);
    if (typeof segment === "number") throw new UserError(`${where} is a map: its keys are text, found [${segment}].`);
    return at;
}

function isSecure(node: unknown): boolean {
    return isMap(node) && node.items.length === 1 && typeof node.get("secure") === "string";
}

function write(document: Document, text: string): string {
    const indent = /^( +)\S/m.exec(text)?.[1]?.length ?? 2;
    // A list that begins in the column of its key keeps doing so.
    const indentSeq = !/^( *)[^\s#-][^\n]*:\n(?:\s*#[^\n]*\n)*\1- /m.test(text);
    return document.toString({ lineWidth: 0, indent: Math.min(indent, 8), indentSeq, flowCollectionPadding: !/[[{][^\s\]}]/.test(text) });
}
