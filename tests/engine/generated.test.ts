import { expect, test } from "@jest/globals";
import { preview, refresh } from "../../embedded/engine/index.ts";
import { secretStrings } from "../../embedded/engine/secretness.ts";
import { Secret } from "../../embedded/engine/values.ts";
import { providers } from "../../embedded/providers/index.ts";
import { find, runProgram, steps } from "./support/runs.ts";

const program = "generated.ts";

test("the built-in providers' values are made once, kept, and secret everywhere but in a Secret", async () => {
    const planned = await runProgram({ program, providers }, preview);
    expect(planned).toMatchObject({ failed: false, changes: { create: 6 } });
    const ran = await runProgram({ program, providers });
    expect(ran.diagnostics).toEqual([]);
    expect(ran).toMatchObject({ failed: false, changes: { create: 6 } });

    const [password = ""] = secretStrings(ran.outputs["result"] ?? null);
    const [pem = ""] = secretStrings(find(ran.snapshot, "key").outputs["privateKeyPem"] ?? null);
    expect(password).toHaveLength(24);
    expect(pem).toContain("PRIVATE KEY");
    expect(ran.outputs["heard"]).toEqual(new Secret(password));
    // Secrets aside, neither the events nor the state that is stored hold them.
    const open = JSON.stringify([ran.events, ran.snapshot], (_key, value: unknown) => (value instanceof Secret ? "hidden" : value));
    expect(open).not.toContain(password);
    expect(open).not.toContain(JSON.stringify(pem).slice(40, 80));

    const again = await runProgram({ program, providers, snapshot: ran.snapshot });
    expect(again).toMatchObject({ changes: { same: 6 }, stored: [], diagnostics: [] });
    const fresh = await runProgram({ program, providers, snapshot: ran.snapshot }, (run) => refresh(run, { preview: false }));
    expect([fresh.failed, steps(fresh), fresh.changes]).toEqual([false, expect.any(Array), { same: 5 }]);
    expect(find(fresh.snapshot, "password").outputs["result"]).toEqual(new Secret(password));
});
