/** A table of nftables as data, and the scripts that make it or turn one into another. Pure. */

/** The name of the table in each node's network namespace. */
export const TABLE = "network_policies";

/** A set, or a map from an address to the chain that judges it. */
export interface NamedSet {
    readonly kind: "set" | "map";
    readonly type: string;
    /** As nft writes them: `10.244.1.2`, or in a map `10.244.1.2 : goto in_1`. In order. */
    readonly elements: readonly string[];
}

export interface Table {
    readonly sets: ReadonlyMap<string, NamedSet>;
    /** Rules of each chain, in order. */
    readonly chains: ReadonlyMap<string, readonly string[]>;
    /** The chain that sees every forwarded packet. */
    readonly base: string;
}

/** After the connection's addresses were translated, before the rules that Services and published ports need. */
const HOOK = "type filter hook forward priority filter - 5; policy accept;";

/** Elements in one command; a longer line would be cut. */
const CHUNK = 500;

const key = (element: string): string => element.split(" : ")[0] ?? element;

function elementCommands(verb: "add" | "delete", name: string, elements: readonly string[]): string[] {
    const chunks = Array.from({ length: Math.ceil(elements.length / CHUNK) }, (_, i) => elements.slice(i * CHUNK, (i + 1) * CHUNK));
    return chunks.map((chunk) => `${verb} element inet ${TABLE} ${name} { ${chunk.join(", ")} }`);
}

function ruleCommands(name: string, rules: readonly string[]): string[] {
    return rules.map((rule) => `add rule inet ${TABLE} ${name} ${rule}`);
}

function contentOf(table: Table): string[] {
    return [
        ...[...table.sets].map(([name, set]) => `add ${set.kind} inet ${TABLE} ${name} { type ${set.type}; }`),
        ...[...table.chains.keys()].map((name) => `add chain inet ${TABLE} ${name}${name === table.base ? ` { ${HOOK} }` : ""}`),
        ...[...table.chains].flatMap(([name, rules]) => ruleCommands(name, rules)),
        ...[...table.sets].flatMap(([name, set]) => elementCommands("add", name, set.elements)),
    ];
}

/** Commands of one transaction that makes the table, and fails when there is one. */
export function creation(table: Table): string[] {
    return [`create table inet ${TABLE}`, ...contentOf(table)];
}

/** Commands of one transaction that makes the table in the place of whatever was there. */
export function replacement(table: Table): string[] {
    return [`add table inet ${TABLE}`, `delete table inet ${TABLE}`, `add table inet ${TABLE}`, ...contentOf(table)];
}

/** Commands of one transaction that turns a table into another; none when they are equal. */
export function changes(before: Table, after: Table): string[] {
    const commands: string[] = [];
    const chainsNow = [...after.chains].filter(([name, rules]) => before.chains.get(name)?.join("\n") !== rules.join("\n"));
    const setsGone = [...before.sets.keys()].filter((name) => !after.sets.has(name));
    const chainsGone = [...before.chains.keys()].filter((name) => !after.chains.has(name));
    // What is referred to comes before what refers to it, and goes after it.
    for (const [name, set] of after.sets)
        if (!before.sets.has(name)) commands.push(`add ${set.kind} inet ${TABLE} ${name} { type ${set.type}; }`);
    for (const [name] of chainsNow)
        commands.push(before.chains.has(name) ? `flush chain inet ${TABLE} ${name}` : `add chain inet ${TABLE} ${name}`);
    for (const [name, rules] of chainsNow) commands.push(...ruleCommands(name, rules));
    for (const [name, set] of after.sets) {
        const old = new Set(before.sets.get(name)?.elements);
        const now = new Set(set.elements);
        const gone = [...old].filter((element) => !now.has(element)).map(key);
        const come = [...now].filter((element) => !old.has(element));
        commands.push(...elementCommands("delete", name, gone), ...elementCommands("add", name, come));
    }
    for (const name of chainsGone) commands.push(`flush chain inet ${TABLE} ${name}`);
    for (const name of setsGone) commands.push(`flush ${before.sets.get(name)?.kind} inet ${TABLE} ${name}`);
    for (const name of chainsGone) commands.push(`delete chain inet ${TABLE} ${name}`);
    for (const name of setsGone) commands.push(`delete ${before.sets.get(name)?.kind} inet ${TABLE} ${name}`);
    return commands;
}
