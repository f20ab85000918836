import type { PropertyMap } from "../../../embedded/engine/values.ts";
import { callFunction } from "../../../embedded/providers/kubernetes/functions.ts";

const namespaced = (): Promise<boolean> => Promise.resolve(true);

async function decode(text: string, args: PropertyMap = {}): Promise<unknown> {
    const { outputs } = await callFunction("kubernetes:yaml:decode", { text, ...args }, namespaced);
    return (outputs as PropertyMap)["result"];
}

describe("kubernetes:yaml:decode", () => {
    it("gives the objects of all documents and leaves out what is none", async () => {
        const text = "# a comment\n---\napiVersion: v1\nkind: A\n---\n---\nnot: an object\n---\napiVersion: b/v1\nkind: B\n";
        expect(await decode(text)).toEqual([
            { apiVersion: "v1", kind: "A" },
            { apiVersion: "b/v1", kind: "B" },
        ]);
    });

    it.each([
        ["0644", 420],
        ["yes", true],
        ['"yes"', "yes"],
        ["12:30", "12:30"],
        ["2026-01-02", "2026-01-02"],
        ["1e3", 1000],
    ])("reads %s as Kubernetes does", async (written, value) => {
        expect(await decode(`apiVersion: v1\nkind: A\nvalue: ${written}`)).toEqual([{ apiVersion: "v1", kind: "A", value }]);
    });

    it("puts namespaced objects that name none into the namespace asked for", async () => {
        const text = [
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: own }",
            "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }",
            "apiVersion: example.org/v1\nkind: Thing\nmetadata: { name: a }",
        ].join("\n---\n");
        const namespaces = ((await decode(text, { defaultNamespace: "given" })) as { metadata: { namespace?: string } }[]).map(
            ({ metadata }) => metadata.namespace,
        );
        expect(namespaces).toEqual(["given", "own", undefined, "given"]);
    });

    it("says where the text is wrong", async () => {
        await expect(decode("a: [b\nc: d")).rejects.toThrow(/^the manifests cannot be read: .*line 2/s);
        await expect(decode(1 as never)).rejects.toThrow('kubernetes:yaml:decode needs "text"');
    });
});
