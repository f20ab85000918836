import { readFile } from "node:fs/promises";
import { describe, expect, test } from "@jest/globals";
import { readStacks } from "../../bin/stacks-docs.ts";
import { stacksTable, withTable, type Stack } from "../../bin/stacks-table.ts";
import { settingsOf, topologyFor } from "./support/stacks.ts";

const stack = async (name: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Stack> => {
    const settings = await settingsOf(name, overrides);
    return { name, settings, topology: topologyFor(settings) };
};

/** The cells of one stack's row by title. */
async function cells(name: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Record<string, string>> {
    const rows = stacksTable([await stack(name, overrides)])
        .trim()
        .split("\n");
    const [titles = [], , values = []] = rows.map((row) => row.slice(2, -2).split(" | "));
    return Object.fromEntries(titles.map((title, index) => [title, values[index] ?? ""]));
}

test("README.md has what the settings files say; after a change: npm run stacks-docs", async () => {
    const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
    expect(withTable(readme, stacksTable(await readStacks()))).toBe(readme);
});

test("every settings file is a stack, in the order in which people meet them", async () => {
    const names = (await readStacks()).map(({ name }) => name);
    expect(names).toEqual(["embedded", "dev", "minikube", "prod", "prod-five", "prod-ha", "existing"]);
});

describe("a cell says what the settings come to", () => {
    const ingress = { owner: "existing", class: "nginx", namespace: "ingress-nginx", podLabels: { a: "b" } };
    test.each<[string, Record<string, unknown>, string, string]>([
        ["prod", {}, "nodes", "1 server, 1 ingress, 2 workers"],
        ["prod", {}, "edge", "ServiceLB on mcp-ingress-1"],
        ["prod", {}, "mode", "public, strict, standard"],
        [
            "prod",
            { tls: { mode: "acme", email: "a@example.com", directory: "staging" }, strictProd: false },
            "certificates",
            "ACME, staging",
        ],
        [
            "prod",
            { tls: { mode: "secrets", secrets: { mcp: "a", registry: "b", platform: "c" } } },
            "certificates",
            "Secrets that are there",
        ],
        [
            "prod",
            { registry: { mode: "external", url: "images.example.net/a" } },
            "images of servers",
            "`images.example.net/a`, run by others",
        ],
        ["prod", { storage: { mode: "class", class: "longhorn" } }, "volumes", "`longhorn`"],
        [
            "prod",
            { storage: { mode: "hostPath", path: "/srv/mcp", node: "mcp-worker-1" }, strictProd: false },
            "volumes",
            "`/srv/mcp` of mcp-worker-1",
        ],
        ["existing", { ingress }, "edge", "IngressClass `nginx` that is there"],
        ["existing", {}, "certificates", "ClusterIssuer `enterprise-ca`"],
        ["existing", {}, "volumes", "the cluster's default class"],
        ["dev", {}, "images of servers", "`localhost:5000`, a container beside the nodes"],
        [
            "dev",
            { topology: { kind: "kind", name: "lab", provider: "podman", workers: 2 } },
            "cluster",
            "kind `lab` in podman, made by `npm run up`",
        ],
        ["dev", { topology: { kind: "kind", workers: 2 } }, "nodes", "1 and 2 workers"],
        ["minikube", {}, "images of servers", "`registry.local`, over HTTP"],
    ])("%s %j: %s is %s", async (name, overrides, title, text) => {
        expect((await cells(name, overrides))[title]).toBe(text);
    });
});

test("a page without the markers is not written to", () => {
    for (const page of ["", "<!-- end of stacks -->\n<!-- stacks: made from the settings files by `npm run stacks-docs` -->"])
        expect(() => withTable(page, "")).toThrow("the page has no ");
});
