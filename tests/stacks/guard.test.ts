/** The context guard: no other cluster than the settings mean, said before anything is made. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunError } from "@pulumi/pulumi/errors.js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { guardContext } from "../../stacks/guard.ts";
import type { ClusterAccess } from "../../stacks/topology.ts";

let folder = "";
let written = 0;
beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-guard-"));
});
afterAll(() => {
    rmSync(folder, { recursive: true });
});

function file(content: string): string {
    const path = join(folder, `config-${++written}`);
    writeFileSync(path, content);
    return path;
}

/** A kubeconfig with a context `mine` that leads to a server, and another. */
const kubeconfig = (server: unknown, format: (value: unknown) => string = stringify) =>
    file(
        format({
            apiVersion: "v1",
            kind: "Config",
            "current-context": "other",
            contexts: [
                { name: "other", context: { cluster: "theirs", user: "u" } },
                { name: "mine", context: { cluster: "ours", user: "u" } },
            ],
            clusters: [
                { name: "theirs", cluster: { server: "https://198.51.100.1:6443" } },
                { name: "ours", cluster: { server } },
            ],
            users: [{ name: "u", user: { token: "kubeconfig-secret" } }],
        }),
    );

const access = (overrides: Partial<ClusterAccess>): ClusterAccess => ({
    kubeconfig: join(folder, "absent"),
    context: "mine",
    identifier: "id",
    server: "https://192.0.2.10:6443",
    obtain: "ask for one.",
    ...overrides,
});

/** What the guard says, or undefined when it lets the cluster pass. */
function said(overrides: Partial<ClusterAccess>, preview = false): string | undefined {
    try {
        guardContext(access(overrides), preview);
        return undefined;
    } catch (error) {
        // Engines show such an error as a sentence, without a stack; any other is a bug.
        if (!RunError.isInstance(error)) throw error;
        return error.message;
    }
}

describe("the cluster that is meant passes", () => {
    test.each([
        ["https://192.0.2.10:6443", "https://192.0.2.10:6443"],
        ["https://192.0.2.10:6443/", "https://192.0.2.10:6443"],
        ["https://API.example.com", "https://api.example.com:443/"],
        ["https://rancher.example.com/k8s/clusters/a", "https://rancher.example.com/k8s/clusters/a/"],
        ["https://[2001:DB8::1]:6443", "https://[2001:db8::1]:6443"],
    ])("%s for %s", (found, server) => expect(said({ kubeconfig: kubeconfig(found), server })).toBeUndefined());

    test.each([
        "https://127.0.0.1:6443",
        "https://127.0.1.1:1",
        "https://localhost:39999",
        "https://[::1]:6443",
        "https://192.168.49.2:8443",
    ])("%s for one on this machine", (found) =>
        expect(said({ kubeconfig: kubeconfig(found), server: "local", addresses: ["192.168.49.2"] })).toBeUndefined(),
    );

    test("a kubeconfig in JSON is one", () => {
        expect(said({ kubeconfig: kubeconfig("https://192.0.2.10:6443", JSON.stringify) })).toBeUndefined();
    });
});

describe("another cluster is refused, in previews too", () => {
    test.each([
        ["https://192.0.2.11:6443", "https://192.0.2.10:6443"],
        ["https://192.0.2.10:6444", "https://192.0.2.10:6443"],
        ["http://192.0.2.10:6443", "https://192.0.2.10:6443"],
        ["https://rancher.example.com/k8s/clusters/b", "https://rancher.example.com/k8s/clusters/a"],
        ["https://192.0.2.10.example.com:6443", "https://192.0.2.10:6443"],
    ])("%s for %s", (found, server) => {
        const path = kubeconfig(found);
        for (const preview of [false, true])
            expect(said({ kubeconfig: path, server }, preview)).toBe(
                `kubeconfig ${path}: context "mine" leads to ${found}, but the settings mean ${server}. Name the right kubeconfig or context, or correct the server in the settings; nothing was changed.`,
            );
    });

    test.each([
        "https://192.0.2.10:6443",
        "https://127.0.0.1.example.com:6443",
        "https://localhost.example.com:6443",
        "https://192.168.49.3:8443",
    ])("%s for one on this machine", (found) => {
        const path = kubeconfig(found);
        expect(said({ kubeconfig: path, server: "local", addresses: ["192.168.49.2"] })).toBe(
            `kubeconfig ${path}: context "mine" leads to ${found}, but this stack's cluster is on this machine (127.0.0.1 or 192.168.49.2). Name the right kubeconfig or context in the settings; nothing was changed.`,
        );
    });
});

describe("a kubeconfig that leads nowhere is refused with what is in it, never with a credential", () => {
    test("no such context", () => {
        const path = kubeconfig("https://192.0.2.10:6443");
        expect(said({ kubeconfig: path, context: "main" })).toBe(
            `kubeconfig ${path} has no context "main": there are "other", "mine". Name the right one in the settings.`,
        );
    });

    test.each([
        ["contexts: []\n", 'has no context "mine": it has none'],
        ["{}\n", 'has no context "mine": it has none'],
        ["contexts: text\n", 'has no context "mine": it has none'],
        ["", "is not one: it holds no contexts and clusters"],
        ["- a\n", "is not one: it holds no contexts and clusters"],
        ["contexts: [{ name: mine, context: { cluster: gone } }]\n", 'leads to cluster "gone", whose server is undefined'],
        ["contexts: [{ name: mine }]\n", "leads to cluster undefined, whose server is undefined"],
        ["contexts: [{name: mine\n", "cannot be read: "],
    ])("%j", (content, message) => {
        const path = file(content);
        const sentence = said({ kubeconfig: path });
        expect(sentence).toContain(`kubeconfig ${path}`);
        expect(sentence).toContain(message);
    });

    test.each([42, "not a URL", undefined])("a cluster whose server is %s", (server) => {
        const sentence = said({ kubeconfig: kubeconfig(server) });
        expect(sentence).toContain(`leads to cluster "ours", whose server is ${JSON.stringify(server)}`);
        expect(sentence).not.toContain("kubeconfig-secret");
    });

    test("a broken line that holds a credential is not repeated", () => {
        expect(said({ kubeconfig: file('users: [{ name: u, user: { token: "kubeconfig-secret }\n') })).not.toContain("kubeconfig-secret");
    });

    test("a folder is none", () => expect(said({ kubeconfig: folder })).toContain(`kubeconfig ${folder} cannot be read: EISDIR`));
});

describe("a kubeconfig that is not there", () => {
    test("is needed by an update of a cluster that others made, and not by a preview", () => {
        expect(said({})).toBe(`kubeconfig ${join(folder, "absent")} does not exist: ask for one.`);
        expect(said({}, true)).toBeUndefined();
    });

    test("is not needed where the program itself makes the cluster", () => expect(said({ obtain: undefined })).toBeUndefined());
});
