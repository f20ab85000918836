import { expect, test } from "@jest/globals";
import { readFile } from "node:fs/promises";
import { certificatesOf } from "../../components/certificates/hosts.ts";
import { CERT_MANAGER, PLATFORM_ISSUER } from "../../components/certificates/names.ts";
import { middlewaresOf } from "../../components/edge/routes.ts";
import { frontDoorSchema, ingressSchema, tlsSchema } from "../../infra/schema/platform.ts";

test("docs/edge.md has a row for every owner, front door, source of certificates and host, and names what is made", async () => {
    const page = await readFile(new URL("../../docs/edge.md", import.meta.url), "utf8");
    const rows = new Set([...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, word]) => word));
    const values = [
        ...ingressSchema.options.flatMap(({ shape }) => [...shape.owner.values]),
        ...frontDoorSchema.options.flatMap(({ shape }) => [...shape.mode.values]),
        ...tlsSchema.options.flatMap(({ shape }) => [...shape.mode.values]),
        ...Object.values(CERT_MANAGER),
    ];
    expect(values.filter((value) => !rows.has(value))).toEqual([]);

    const modes = [{ mode: "internal" }, { mode: "issuer", clusterIssuer: "any" }] as const;
    const [internal, issued] = modes.map((choice) => certificatesOf(choice, { runtime: "mcp-runtime", registry: "registry" }));
    for (const [host, { namespace, secretName }] of issued ?? [])
        expect(page).toMatch(
            new RegExp(
                `^\\| \`${host}.<apex>\` \\| \`${namespace}\`[^|]* \\| \`${internal?.get(host)?.secretName}\` \\| \`${secretName}\` \\|$`,
                "m",
            ),
        );
    const names = [PLATFORM_ISSUER, ...middlewaresOf({ redirect: true, strictTransport: true }).map(({ name }) => name)];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
