/**
 * A double of the kernel's packet filter for the rules that the compiler writes: reads them as text and answers what
 * becomes of a packet. It refuses what it does not know, so that a rule it would misread fails its test.
 */
import { TABLE, type Table } from "../../../embedded/cluster/enforcer/table.ts";

export interface Packet {
    readonly from: string;
    readonly to: string;
    readonly protocol: "TCP" | "UDP" | "SCTP" | "ICMP";
    readonly port: number;
}

const value = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const inCidr = (address: string, cidr: string): boolean => {
    const [base = "", bits = "32"] = cidr.split("/");
    const size = 2 ** (32 - Number(bits));
    return Math.floor(value(address) / size) === Math.floor(value(base) / size);
};
const listed = (list: string): string[] => list.replace(/^\{ | \}$/g, "").split(", ");
const within = (list: string, number: number, read: (text: string) => number): boolean =>
    listed(list).some((range) => {
        const [first = "", last = first] = range.split("-");
        return read(first) <= number && number <= read(last);
    });

/** Each: what a condition looks like, and whether a packet meets it. */
const CONDITIONS: readonly (readonly [RegExp, (found: RegExpExecArray, packet: Packet, table: Table) => boolean])[] = [
    [/^ct state established,related /, () => false], // every packet is a connection's first
    [/^meta nfproto ipv6 /, () => false],
    [
        /^ip (saddr|daddr) (!= )?@(\S+) /,
        ([, side, not, set], packet, table) => elements(table, set).includes(end(packet, side)) !== Boolean(not),
    ],
    [/^ip (saddr|daddr) (\d\S+\/\d+) /, ([, side, cidr = ""], packet) => inCidr(end(packet, side), cidr)],
    [/^ip (saddr|daddr) (\{ [^}]+ \}) /, ([, side, list = ""], packet) => within(list, value(end(packet, side)), value)],
    [/^ip saddr \. ip daddr @(\S+) /, ([, set], packet, table) => elements(table, set).includes(`${packet.from} . ${packet.to}`)],
    [
        /^ip daddr \. (tcp|udp|sctp) dport (\{ [^}]+ \}) /,
        ([, protocol, list = ""], packet) => is(packet, protocol) && listed(list).includes(`${packet.to} . ${packet.port}`),
    ],
    [
        /^(tcp|udp|sctp) dport (\{ [^}]+ \}) /,
        ([, protocol, list = ""], packet) => is(packet, protocol) && within(list, packet.port, Number),
    ],
    [/^meta l4proto (tcp|udp|sctp) /, ([, protocol], packet) => is(packet, protocol)],
];

const end = (packet: Packet, side: string | undefined): string => (side === "saddr" ? packet.from : packet.to);
const is = (packet: Packet, protocol: string | undefined): boolean => packet.protocol.toLowerCase() === protocol;

function elements(table: Table, set: string | undefined): readonly string[] {
    const found = table.sets.get(set ?? "");
    if (!found) throw new Error(`there is no set ${set}`);
    return found.elements;
}

/** `accept` or `drop` as a chain says; undefined when it comes to its end. */
function judge(table: Table, chain: string, packet: Packet): "accept" | "drop" | undefined {
    const rules = table.chains.get(chain);
    if (!rules) throw new Error(`there is no chain ${chain}`);
    for (const rule of rules) {
        const verdict = actOn(table, rule, packet);
        if (verdict === "next") continue;
        return verdict === "end" ? undefined : verdict;
    }
    return undefined;
}

function actOn(table: Table, rule: string, packet: Packet): "accept" | "drop" | "next" | "end" {
    let rest = rule;
    for (let read = true; read;) {
        read = false;
        for (const [pattern, meets] of CONDITIONS) {
            const found = pattern.exec(rest);
            if (!found) continue;
            if (!meets(found, packet, table)) return "next";
            rest = rest.slice(found[0].length);
            read = true;
        }
    }
    const map = /^ip (saddr|daddr) vmap @(\S+)$/.exec(rest);
    const action = map
        ? elements(table, map[2])
              .find((element) => element.startsWith(`${end(packet, map[1])} : `))
              ?.split(" : ")[1]
        : rest;
    if (action === undefined) return "next";
    if (action === "accept" || action === "drop") return action;
    const [kind, chain = ""] = action.split(" ");
    if (kind === "goto") return judge(table, chain, packet) ?? "end";
    if (kind === "jump") return judge(table, chain, packet) ?? "next";
    throw new Error(`the simulator does not know "${rule}"`);
}

/** Whether a node with that table forwards a connection's first packet. */
export function passes(table: Table, packet: Packet): boolean {
    return (judge(table, table.base, packet) ?? "accept") === "accept";
}

function existing<T>(map: Map<string, T>, name: string, command: string): T {
    const found = map.get(name);
    if (found === undefined) throw new Error(`"${command}" names what does not exist`);
    return found;
}

/** What the kernel makes of a transaction's commands; an object that does not exist, or exists twice, is an error. */
export function transacted(before: Table | undefined, commands: readonly string[], base: string): Table {
    let sets = new Map([...(before?.sets ?? [])].map(([name, set]) => [name, { ...set, elements: [...set.elements] }]));
    let chains = new Map([...(before?.chains ?? [])].map(([name, rules]) => [name, [...rules]]));
    const unreferenced = (name: string, command: string): void => {
        const refers = (text: string): boolean => new RegExp(`(@|goto |jump )${name}( |$)`).test(text);
        const texts = [...[...chains.values()].flat(), ...[...sets.values()].flatMap((set) => set.elements)];
        if (texts.some(refers)) throw new Error(`"${command}" takes away what is referred to`);
    };
    for (const command of commands) {
        const [verb = "", kind = "", , table, name = "", ...more] = command.split(" ");
        if (table !== TABLE) throw new Error(`"${command}" is about another table`);
        const rest = more.join(" ");
        if (kind === "table") {
            if (verb === "delete") [sets, chains] = [new Map(), new Map()];
        } else if (kind === "rule") existing(chains, name, command).push(rest);
        else if (kind === "element") {
            const set = existing(sets, name, command);
            for (const element of listed(rest)) {
                const at = set.elements.findIndex((each) => (each.split(" : ")[0] ?? each) === (element.split(" : ")[0] ?? element));
                if (verb === "add" ? at >= 0 : at < 0) throw new Error(`"${command}": ${element} is${at < 0 ? " not" : ""} there`);
                if (verb === "add") set.elements.push(element);
                else set.elements.splice(at, 1);
            }
        } else if (verb === "add") {
            if (sets.has(name) || chains.has(name)) throw new Error(`"${command}" makes what there is`);
            if (kind === "chain") chains.set(name, []);
            else sets.set(name, { kind: kind as "set" | "map", type: /type ([^;]+);/.exec(rest)?.[1] ?? "", elements: [] });
        } else if (verb === "flush")
            (kind === "chain" ? existing(chains, name, command) : existing(sets, name, command).elements).length = 0;
        else {
            unreferenced(name, command);
            if (!(kind === "chain" ? chains : sets).delete(name)) throw new Error(`"${command}" takes away what does not exist`);
        }
    }
    return { sets: new Map([...sets].map(([name, set]) => [name, { ...set, elements: set.elements.toSorted() }])), chains, base };
}
