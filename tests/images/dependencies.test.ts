import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { closure, dependenciesOf } from "../../embedded/images/dependencies.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { removeFolders, temporaryFolder } from "./support.ts";

afterAll(removeFolders);

const packages = {
    "": {},
    operator: { name: "@x/operator", dependencies: { a: "1", b: "1" }, devDependencies: { tool: "1" } },
    "node_modules/@x/operator": { link: true },
    "node_modules/a": { version: "1.0.0", dependencies: { c: "1" }, peerDependencies: { absent: "1", peer: "1" } },
    "node_modules/b": { version: "1.0.0" },
    "operator/node_modules/b": { version: "2.0.0", optionalDependencies: { d: "1" } },
    "node_modules/a/node_modules/c": { version: "2.0.0", dependencies: { a: "1", d: "1" } },
    "node_modules/c": { version: "1.0.0" },
    "node_modules/d": { version: "1.0.0", dev: true },
    "node_modules/peer": { version: "1.0.0" },
    "node_modules/tool": { version: "1.0.0", dev: true },
};

async function checkout(change: (all: Record<string, object>) => void = () => {}): Promise<string> {
    const root = await temporaryFolder();
    const all: Record<string, object> = structuredClone(packages);
    change(all);
    await writeFile(join(root, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages: all }));
    return root;
}

const key = async (change?: (all: Record<string, object>) => void): Promise<string> =>
    (await dependenciesOf("operator", await checkout(change))).key;

describe("what a workspace needs", () => {
    test("is found as Node finds it: the nearest first, circles once, no development tools", () => {
        expect(closure(packages, "operator")).toEqual([
            "node_modules/a",
            "node_modules/a/node_modules/c",
            "node_modules/d",
            "node_modules/peer",
            "operator/node_modules/b",
        ]);
    });

    test("is closed: whatever something in it needs and the lock file has is in it", () => {
        const name = fc.constantFrom("a", "b", "c", "d", "e");
        const place = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.map((n) => `node_modules/${n}`).join("/"));
        const needs = fc.dictionary(name, fc.constant("1"), { maxKeys: 3 });
        fc.assert(
            fc.property(
                fc.dictionary(
                    place,
                    needs.map((dependencies) => ({ version: "1.0.0", dependencies })),
                    { maxKeys: 12 },
                ),
                needs,
                (found, own) => {
                    const all = { ...found, w: { dependencies: own } };
                    const result = closure(all, "w");
                    expect(result.every((path) => path in found)).toBe(true);
                    for (const path of ["w", ...result]) {
                        for (const needed of Object.keys(all[path as keyof typeof all]?.dependencies ?? {})) {
                            const anywhere = Object.keys(found).includes(`node_modules/${needed}`);
                            const got = result.some((r) => r.endsWith(`node_modules/${needed}`));
                            expect(!anywhere || got).toBe(true);
                        }
                    }
                },
            ),
        );
    });

    test("makes a project that holds nothing else, and nothing that is left out of production", async () => {
        const { project } = await dependenciesOf("operator", await checkout());
        expect(project["package.json"]).toEqual({ name: "image", version: "0.0.0", private: true, workspaces: ["operator"] });
        const lock = project["package-lock.json"].packages;
        expect(Object.keys(lock).toSorted()).toEqual(
            ["", "node_modules/@x/operator", "operator", ...closure(packages, "operator")].toSorted(),
        );
        expect(lock["node_modules/d"]).toEqual({ version: "1.0.0" });
    });

    test("has a key that changes with it and with nothing else", async () => {
        const before = await key();
        expect(await key((all) => void (all["node_modules/tool"] = { version: "9.9.9" }))).toBe(before);
        expect(await key((all) => void (all["node_modules/d"] = { version: "1.0.1" }))).not.toBe(before);
    });

    test("must be in the lock file", async () => {
        await expect(dependenciesOf("unknown", await checkout())).rejects.toThrow(
            "package-lock.json does not know the workspace unknown: run npm install.",
        );
    });

    test("is a small part of this repository's lock file", async () => {
        const lock = JSON.parse(await readFile(join(projectRoot, "package-lock.json"), "utf8")) as { packages: Record<string, object> };
        const needed = closure(lock.packages, "operator");
        expect(needed).toContain("node_modules/@modelcontextprotocol/client");
        expect(needed.filter((path) => /jest|pulumi|oxlint|prettier/.test(path))).toEqual([]);
    });
});
