import { describe, expect, it } from "@jest/globals";
import { place } from "../../../embedded/cluster/enforcer/addresses.ts";
import { compile } from "../../../embedded/cluster/enforcer/compile.ts";
import { podOf, type NetworkPolicy, type PlacedPod } from "../../../embedded/cluster/enforcer/world.ts";
import { passes, type Packet } from "./simulator.ts";

const NODE = { name: "node-1", podCidr: "10.244.1.0/24" };
const pod = (n: number, namespace: string, app: string, port = 8080): PlacedPod => ({
    uid: `u${n}`,
    name: `p${n}`,
    namespace,
    labels: { app },
    node: NODE.name,
    address: `10.244.1.${n}`,
    ports: [{ name: "http", protocol: "TCP", port }],
});
/** web and its neighbour in x, web again in y; each serves its port `http` elsewhere. */
const PODS = [pod(2, "x", "web", 8081), pod(3, "x", "db", 8082), pod(4, "y", "web", 8083)];
const [WEB, DB, OTHER, OUT] = ["10.244.1.2", "10.244.1.3", "10.244.1.4", "203.0.113.9"];

const policy = (spec: NetworkPolicy["spec"]): NetworkPolicy[] => [{ metadata: { name: "p", namespace: "x" }, spec }];
const onWeb = { podSelector: { matchLabels: { app: "web" } } };

function passing(policies: readonly NetworkPolicy[], from = "", to = "", port = 80, protocol: Packet["protocol"] = "TCP"): boolean {
    const namespaces = new Map([
        ["x", { team: "one" }],
        ["y", { team: "two" }],
    ]);
    return passes(compile(NODE, { namespaces, policies, pods: PODS }), { from, to, port, protocol });
}

describe("a policy", () => {
    it.each<
        [
            string,
            NetworkPolicy["spec"],
            (readonly [from: string | undefined, to: string | undefined, port?: number, protocol?: Packet["protocol"]])[],
            (readonly [from: string | undefined, to: string | undefined, port?: number, protocol?: Packet["protocol"]])[],
        ]
    >([
        [
            "without types isolates the selected pods for what comes in",
            onWeb,
            [
                [WEB, DB],
                [WEB, OUT],
                [OTHER, DB],
            ],
            [
                [DB, WEB],
                [OUT, WEB],
            ],
        ],
        [
            "with rules for egress isolates for that, too",
            { ...onWeb, egress: [{ to: [{ podSelector: {} }] }] },
            [[WEB, DB]],
            [
                [WEB, OUT],
                [WEB, OTHER],
                [DB, WEB],
            ],
        ],
        [
            "of type Egress alone leaves what comes in alone",
            { ...onWeb, policyTypes: ["Egress"] },
            [
                [DB, WEB],
                [OUT, WEB],
            ],
            [
                [WEB, DB],
                [WEB, OUT],
            ],
        ],
        [
            "never keeps a pod from itself",
            { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
            [
                [WEB, WEB],
                [DB, DB],
            ],
            [[WEB, DB]],
        ],
        [
            "means a pod of its own namespace where it names none",
            { ...onWeb, ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }] },
            [[WEB, WEB]],
            [
                [OTHER, WEB],
                [DB, WEB],
            ],
        ],
        [
            "means both where one peer names a namespace and a pod",
            {
                ...onWeb,
                ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "two" } }, podSelector: { matchLabels: { app: "db" } } }] }],
            },
            [],
            [
                [OTHER, WEB],
                [DB, WEB],
            ],
        ],
        [
            "means either where two peers name them",
            {
                ...onWeb,
                ingress: [
                    { from: [{ namespaceSelector: { matchLabels: { team: "two" } } }, { podSelector: { matchLabels: { app: "db" } } }] },
                ],
            },
            [
                [OTHER, WEB],
                [DB, WEB],
            ],
            [[OUT, WEB]],
        ],
        [
            "excepts addresses of a block",
            { ...onWeb, ingress: [{ from: [{ ipBlock: { cidr: "203.0.112.0/20", except: ["203.0.113.0/25"] } }] }] },
            [
                ["203.0.113.200", WEB],
                ["203.0.112.1", WEB],
            ],
            [
                [OUT, WEB],
                ["203.0.113.127", WEB],
                [DB, WEB],
            ],
        ],
        [
            "names a port of the pod that it selects for what comes in",
            { ...onWeb, ingress: [{ from: [{ podSelector: { matchLabels: { app: "db" } } }], ports: [{ port: "http" }] }] },
            [[DB, WEB, 8081]],
            [
                [DB, WEB, 8082],
                [OTHER, WEB, 8081],
                [DB, WEB, 8081, "UDP"],
            ],
        ],
        [
            "names a port of the peer for what goes out",
            { ...onWeb, egress: [{ to: [{ podSelector: {} }], ports: [{ port: "http" }] }] },
            [[WEB, DB, 8082]],
            [
                [WEB, DB, 8081],
                [WEB, OTHER, 8083],
            ],
        ],
        [
            "gives a range of ports with both its ends",
            { ...onWeb, ingress: [{ ports: [{ port: 100, endPort: 102, protocol: "UDP" }] }] },
            [
                [DB, WEB, 100, "UDP"],
                [DB, WEB, 102, "UDP"],
            ],
            [
                [DB, WEB, 99, "UDP"],
                [DB, WEB, 103, "UDP"],
                [DB, WEB, 101, "TCP"],
            ],
        ],
        [
            "means every port of a protocol where it names none",
            { ...onWeb, ingress: [{ ports: [{ protocol: "SCTP" }] }] },
            [[DB, WEB, 7, "SCTP"]],
            [
                [DB, WEB, 7],
                [DB, WEB, 0, "ICMP"],
            ],
        ],
        [
            "means every protocol where it has no ports",
            { ...onWeb, ingress: [{ from: [{ podSelector: {} }] }] },
            [
                [DB, WEB, 0, "ICMP"],
                [DB, WEB, 7, "SCTP"],
            ],
            [[OTHER, WEB, 0, "ICMP"]],
        ],
        [
            "allows nobody by a block of IPv6 addresses",
            { ...onWeb, ingress: [{ from: [{ ipBlock: { cidr: "::/0" } }] }] },
            [],
            [
                [DB, WEB],
                [OUT, WEB],
            ],
        ],
        [
            "selects nobody by an operator that is not known",
            { podSelector: { matchExpressions: [{ key: "app", operator: "Near", values: ["web"] }] } },
            [[DB, WEB]],
            [],
        ],
    ])("%s", (_, spec, allowed, denied) => {
        expect(
            [...allowed, ...denied].map(([from, to, port, protocol]) => [from, to, passing(policy(spec), from, to, port, protocol)]),
        ).toEqual([...allowed.map(([from, to]) => [from, to, true]), ...denied.map(([from, to]) => [from, to, false])]);
    });
});

const withPorts = (name: string, containerPort: number) => ({ ports: [{ name, containerPort }, { containerPort: 1 }] });

it("a policy allows no pod of a namespace that was not heard of yet, whatever it asks of namespaces", () => {
    const given = { ...onWeb, ingress: [{ from: [{ namespaceSelector: {} }] }] };
    const table = compile(NODE, { namespaces: new Map([["x", {}]]), policies: policy(given), pods: PODS });
    const lets = (from: string): boolean => passes(table, { from, to: WEB, port: 80, protocol: "TCP" });
    expect([lets(DB), lets(OTHER)]).toEqual([true, false]);
});

describe("a pod", () => {
    const object = {
        metadata: { uid: "u", name: "p", namespace: "x" },
        spec: { nodeName: "node-1" },
        status: { podIP: "10.244.1.2", phase: "Running" },
    };

    it.each([
        ["on its node's network", { ...object, spec: { nodeName: "node-1", hostNetwork: true } }],
        ["that succeeded", { ...object, status: { podIP: "10.244.1.2", phase: "Succeeded" } }],
        ["that failed", { ...object, status: { podIP: "10.244.1.2", phase: "Failed" } }],
    ])("%s is no policy's business", (_, given) => {
        expect(podOf(object)).toBeDefined();
        expect(podOf(given)).toBeUndefined();
    });

    it("has the named ports of its containers and sidecars, not of containers that only begin it", () => {
        const spec = {
            containers: [withPorts("a", 80)],
            initContainers: [{ ...withPorts("b", 81), restartPolicy: "Always" }, withPorts("c", 82)],
        };
        expect(podOf({ ...object, spec })?.ports.map(({ name, port }) => [name, port])).toEqual([
            ["a", 80],
            ["b", 81],
        ]);
    });
});

describe("the address of a pod", () => {
    const known = { ...pod(2, "x", "web"), address: undefined };

    it.each([
        ["what its node announced, before the API knows", [known], [{ sandbox: "s", uid: "u2", address: "10.244.1.9" }], ["u2 10.244.1.9"]],
        [
            "what its node announced, not what the API still says",
            [pod(2, "x", "web")],
            [{ sandbox: "s", uid: "u2", address: "10.244.1.9" }],
            ["u2 10.244.1.9"],
        ],
        ["what the API says, where its node announced nothing", [pod(2, "x", "web")], [], ["u2 10.244.1.2"]],
        [
            "nothing, where the API says what was announced for another",
            [pod(2, "x", "web"), { ...known, uid: "u7" }],
            [{ sandbox: "s", uid: "u7", address: "10.244.1.2" }],
            ["u7 10.244.1.2"],
        ],
        ["nothing before either is known", [known], [], []],
    ])("is %s", (_, pods, announced, expected) => {
        expect(place(pods, new Map([["node-1", announced]])).map(({ uid, address }) => `${uid} ${address}`)).toEqual(expected);
    });
});
