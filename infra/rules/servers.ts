import type { Settings } from "../schema/settings.ts";
import { guarded, overlaps, parseRange, textOf, type AddressRange } from "./addresses.ts";
import { when, type Problem, type Rule } from "./rule.ts";
import { isFound } from "../sentences.ts";

/** Each range of a server's allowlist, with its place. */
function* allowed({ servers }: Settings): Generator<readonly [path: (string | number)[], text: string]> {
    for (const [name, { egress = [] }] of Object.entries(servers))
        for (const [index, { cidr }] of egress.entries()) yield [["servers", name, "egress", index, "cidr"], cidr];
}

type NamedRange = readonly [range: AddressRange, name: string];

function named(text: string | undefined, name: string): readonly NamedRange[] {
    const range = text === undefined ? undefined : parseRange(text);
    return range ? [[range, name]] : [];
}

/** Addresses of the cluster itself, each with what is there. */
function clusterAddresses({ topology }: Settings): readonly NamedRange[] {
    switch (topology.kind) {
        case "k3s":
            return [
                ...topology.nodes.flatMap(({ name, address, publicAddress }) => [...named(address, name), ...named(publicAddress, name)]),
                ...named(topology.apiEndpoint, "the API server"),
            ];
        case "existing":
            return topology.apiServer.addresses.flatMap((address) => named(address, "the API server"));
        case "minikube":
            return named(topology.address, "the node");
        case "embedded":
        case "kind":
            return [];
    }
}

export const serverRules: readonly Rule[] = [
    {
        id: "egress-ranges",
        keys: ["servers"],
        says: "No server is let out to private, shared, loopback, link-local, multicast or reserved addresses, nor to ranges of IPv6 that carry IPv4",
        check: (settings) =>
            [...allowed(settings)].flatMap(([path, text]): readonly Problem[] => {
                const range = parseRange(text);
                if (!range) return [{ path, fix: "give an address range such as 203.0.113.0/24" }];
                const name = guarded(range);
                if (name) return [{ path, fix: `it meets ${name}, where no server is let out to: give public ranges only` }];
                return when(!range.exact, { path, fix: `begin the range with its first address: ${textOf(range)}` });
            }),
    },
    {
        id: "egress-cluster",
        keys: ["servers", "topology"],
        says: "No server is let out to the nodes or the API server of its own cluster",
        check: (settings) => {
            const cluster = clusterAddresses(settings);
            return [...allowed(settings)].flatMap(([path, text]) => {
                const range = parseRange(text);
                const [address, name] = cluster.find(([address]) => range && overlaps(range, address)) ?? [];
                return address === undefined || guarded(address)
                    ? []
                    : [{ path, fix: `it has ${name} (${textOf(address)}) in it, where no server is let out to: leave that out` }];
            });
        },
    },
    {
        id: "npm-registry-address",
        keys: ["npmRegistry"],
        says: "`npmRegistry` has no private, loopback or link-local address: servers are let out to public ones only",
        check: ({ npmRegistry }) => {
            const host = npmRegistry === undefined ? "" : new URL(npmRegistry).hostname.replace(/^\[(.*)\]$/, "$1");
            const range = parseRange(host === "localhost" ? "127.0.0.1" : host);
            const name = range && guarded(range);
            return when(name !== undefined, {
                path: ["npmRegistry"],
                fix: `it is in ${name}, where no server is let out to: give a registry with a public address`,
            });
        },
    },
    {
        id: "package-registry",
        keys: ["servers", "npmRegistry"],
        says: "Servers that are npm packages need `npmRegistry`",
        check: ({ servers, npmRegistry }) => {
            const names = Object.keys(servers).filter((name) => servers[name]?.package);
            return when(names.length > 0 && npmRegistry === undefined, {
                path: ["npmRegistry"],
                found: `${isFound(npmRegistry)}, and servers.${names[0]}.package is set`,
                fix: "packages are installed from nowhere else: give the URL of an npm registry",
            });
        },
    },
];
