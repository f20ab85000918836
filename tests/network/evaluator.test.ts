import { describe, expect, test } from "@jest/globals";
import { reaches, type Endpoint, type Pod, type Port, type Spec } from "./evaluator.ts";

const pod = (ip: string, namespace: string, app: string, port = 8080): Pod => ({
    ip,
    namespace,
    labels: { app },
    ports: [{ name: "http", protocol: "TCP", port }],
});
const ENDS = {
    web: pod("10.244.0.1", "x", "web"),
    db: pod("10.244.0.2", "x", "db"),
    "web in y": pod("10.244.0.3", "y", "web", 8081),
    address: { ip: "203.0.113.9" },
    "address, IPv6": { ip: "2001:db8::9" },
} as const satisfies Record<string, Endpoint>;
type Name = keyof typeof ENDS;

const NAMESPACES = { x: { team: "one" }, y: { team: "two" } };
const WEB = { podSelector: { matchLabels: { app: "web" } } };
const IN: readonly ["Ingress"] = ["Ingress"];
const OUT: readonly ["Egress"] = ["Egress"];

/** Who reaches the pod `web` of the namespace `x` on a port, or whom it reaches, under one policy of that namespace. */
function around(spec: Spec, { protocol = "TCP", port = 80 }: Partial<Port> = {}): { in: Name[]; out: Name[] } {
    const policies = { policies: [{ namespace: "x", name: "policy", spec }], namespaces: NAMESPACES };
    const names = (Object.keys(ENDS) as Name[]).filter((name) => name !== "web");
    return {
        in: names.filter((name) => reaches(policies, ENDS[name], ENDS.web, { protocol, port })),
        out: names.filter((name) => reaches(policies, ENDS.web, ENDS[name], { protocol, port })),
    };
}

const OTHERS = ["web in y", "address", "address, IPv6"];
const ALL = ["db", ...OTHERS];

describe("a policy", () => {
    test.each<[string, Spec, { in: string[]; out: string[] }]>([
        ["of no types isolates what comes in", WEB, { in: [], out: ALL }],
        ["of no types, with rules of egress, isolates both ways", { ...WEB, egress: [{ ports: [{ port: 9 }] }] }, { in: [], out: [] }],
        ["of type Egress leaves what comes in alone", { ...WEB, policyTypes: OUT }, { in: ALL, out: [] }],
        ["that selects others isolates them", { podSelector: { matchLabels: { app: "db" } }, policyTypes: IN }, { in: ALL, out: OTHERS }],
        ["without a selector selects all", { policyTypes: IN }, { in: [], out: OTHERS }],
        ["with a rule of nothing allows everything", { ...WEB, ingress: [{}] }, { in: ALL, out: ALL }],
        ["with an empty list of peers allows everybody", { ...WEB, ingress: [{ from: [] }] }, { in: ALL, out: ALL }],
        ["that names pods means its own namespace's", { ...WEB, ingress: [{ from: [{ podSelector: {} }] }] }, { in: ["db"], out: ALL }],
        [
            "that names a namespace means all its pods, and no address",
            { ...WEB, policyTypes: OUT, egress: [{ to: [{ namespaceSelector: {} }] }] },
            { in: ALL, out: ["db", "web in y"] },
        ],
        [
            "that names namespace and pods in one peer means both",
            {
                ...WEB,
                ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "two" } }, podSelector: { matchLabels: { app: "db" } } }] }],
            },
            { in: [], out: ALL },
        ],
        [
            "that names them in two peers means either",
            {
                ...WEB,
                ingress: [
                    { from: [{ namespaceSelector: { matchLabels: { team: "two" } } }, { podSelector: { matchLabels: { app: "db" } } }] },
                ],
            },
            { in: ["db", "web in y"], out: ALL },
        ],
        [
            "knows a namespace by its name",
            { ...WEB, ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "y" } } }] }] },
            { in: ["web in y"], out: ALL },
        ],
        [
            "with a range means addresses of pods too",
            { ...WEB, ingress: [{ from: [{ ipBlock: { cidr: "10.244.0.2/31" } }] }] },
            { in: ["db", "web in y"], out: ALL },
        ],
        [
            "with a range of IPv6 means no other",
            { ...WEB, ingress: [{ from: [{ ipBlock: { cidr: "::/0" } }] }] },
            { in: ["address, IPv6"], out: ALL },
        ],
        [
            "with an exception means all but that",
            { ...WEB, policyTypes: OUT, egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }] }] },
            { in: ALL, out: ["address"] },
        ],
        ["with a peer of nothing means nobody", { ...WEB, ingress: [{ from: [{}] }] }, { in: [], out: ALL }],
    ])("%s", (_, spec, result) => {
        expect(around(spec)).toEqual(result);
    });

    test.each<[string, NonNullable<NonNullable<Spec["ingress"]>[number]["ports"]>, Partial<Port>, boolean]>([
        ["TCP by default", [{ port: 80 }], {}, true],
        ["no other protocol", [{ port: 80 }], { protocol: "UDP" }, false],
        ["SCTP", [{ protocol: "SCTP", port: 80 }], { protocol: "SCTP" }, true],
        ["no other port", [{ port: 80 }], { port: 81 }, false],
        ["the last port of a range", [{ port: 70, endPort: 80 }], {}, true],
        ["no port beyond a range", [{ port: 70, endPort: 79 }], {}, false],
        ["every port of a protocol", [{ protocol: "UDP" }], { protocol: "UDP", port: 9 }, true],
        ["any port where none is named", [], { protocol: "SCTP", port: 9 }, true],
        ["a port by the pod's name for it", [{ port: "http" }], { port: 8080 }, true],
        ["no port by a name of another pod", [{ port: "http" }], { port: 8081 }, false],
        ["a port by its name in its protocol alone", [{ protocol: "UDP", port: "http" }], { protocol: "UDP", port: 8080 }, false],
    ])("allows %s", (_, ports, port, isAllowed) => {
        expect(around({ ...WEB, ingress: [{ ports }] }, port).in).toEqual(isAllowed ? ALL : []);
    });

    test("finds a named port at the other end of egress, and none at an address", () => {
        const spec: Spec = { ...WEB, policyTypes: OUT, egress: [{ ports: [{ port: "http" }] }] };
        expect(around(spec, { port: 8081 }).out).toEqual(["web in y"]);
    });

    test.each<[string, "In" | "NotIn" | "Exists" | "DoesNotExist", string[], Name[]]>([
        ["app", "In", ["db", "other"], ["db"]],
        ["app", "NotIn", ["db"], []],
        ["other", "NotIn", ["db"], ["db"]],
        ["app", "Exists", [], ["db"]],
        ["app", "DoesNotExist", [], []],
        ["other", "DoesNotExist", [], ["db"]],
    ])("selects pods whose label %s is %s %j", (key, operator, values, result) => {
        const podSelector = { matchExpressions: [{ key, operator, values }] };
        expect(around({ ...WEB, ingress: [{ from: [{ podSelector }] }] }).in).toEqual(result);
    });

    test("adds to others, and takes nothing from them", () => {
        const deny = { namespace: "x", name: "deny", spec: { policyTypes: IN } };
        const allow = { namespace: "x", name: "allow", spec: { ...WEB, ingress: [{ from: [{ podSelector: {} }] }] } };
        const port = { protocol: "TCP", port: 80 } as const;
        for (const policies of [
            [deny, allow],
            [allow, deny],
        ]) {
            expect(reaches({ policies }, ENDS.db, ENDS.web, port)).toBe(true);
            expect(reaches({ policies }, ENDS.web, ENDS.db, port)).toBe(false);
        }
    });
});
