/** What the embedded engine stores, read by Pulumi's own Go types; what Pulumi encrypts, opened by the embedded engine. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { DigestBuilder } from "../../embedded/engine/display/digest.ts";
import { EventStream } from "../../embedded/engine/display/stream.ts";
import type { EngineEvent } from "../../embedded/engine/events.ts";
import { goJson } from "../../embedded/engine/state/json.ts";
import { createPassphrase, openPassphrase } from "../../embedded/engine/state/secrets-passphrase.ts";
import { CiphertextMemory } from "../../embedded/engine/state/secrets.ts";
import { CheckpointWriter } from "../../embedded/engine/state/serialize.ts";
import type { VersionedCheckpoint } from "../../embedded/engine/state/types.ts";
import { ResourceReference, Secret, Unknown } from "../../embedded/engine/values.ts";
import { PASSPHRASE, removeFolders, resource, STACK, temporaryFolder, urn } from "./support.ts";

function goMissing(): string | undefined {
    const { status } = spawnSync("go", ["version"]);
    return status === 0 ? undefined : "go is not installed";
}

const reason = goMissing();
if (reason) console.warn(`skipped: the comparison with Pulumi's Go types, because ${reason}`);

(reason ? describe.skip : describe)("Pulumi's Go types", () => {
    let helper = "";
    beforeAll(async () => {
        helper = join(await temporaryFolder(), "helper");
        execFileSync("go", ["build", "-o", helper, "."], {
            cwd: join(import.meta.dirname, "go"),
            stdio: ["ignore", "ignore", "inherit"],
            env: { ...process.env, GOFLAGS: "-mod=readonly -buildvcs=false" },
        });
    }, 300_000);
    afterAll(removeFolders);

    const ask = (request: object): Record<string, unknown> =>
        JSON.parse(execFileSync(helper, { input: JSON.stringify(request) }).toString()) as Record<string, unknown>;

    test("read every field, forbid unknown ones, and write the same bytes", async () => {
        const manager = await createPassphrase(PASSPHRASE);
        const full = resource("pkg:index:Thing", "full", {
            delete: true,
            id: "id <1> & more",
            inputs: {
                z: 1e21,
                b: { "10": 1, "9": 2 },
                s: new Secret("geheim"),
                u: "\u2028ü",
                r: new ResourceReference(STACK, undefined, ""),
                n: null,
                list: [1.5, [], {}],
            },
            outputs: { unknown: Unknown.instance, nested: { token: new Secret({ inner: new Secret("x<y>") }) } },
            parent: STACK,
            protect: true,
            external: true,
            dependencies: [STACK],
            initErrors: ["not ready"],
            provider: `${urn("pulumi:providers:pkg", "default")}::1`,
            propertyDependencies: { b: [], a: [STACK] },
            pendingReplacement: true,
            additionalSecretOutputs: ["s"],
            aliases: [urn("pkg:index:Thing", "old")],
            taint: true,
            customTimeouts: { create: 60, delete: 1.5, read: 3 },
            importID: "imported",
            retainOnDelete: true,
            deletedWith: STACK,
            replaceWith: [STACK],
            replacementTrigger: { at: new Secret("v1") },
            refreshBeforeUpdate: true,
            resourceHooks: { onError: ["retry"], beforeCreate: ["a", "b"] },
            created: "2026-01-01T00:00:00.12Z",
            modified: "2026-01-02T00:00:00Z",
            sourcePosition: "project:///index.ts#1,2",
            ignoreChanges: ["a"],
            hideDiff: ["b", "spec.list[0]"],
            replaceOnChanges: ["a"],
        });
        const stack = resource("pulumi:pulumi:Stack", "trial-dev", { custom: false, outputs: { url: "http://x" } });
        const snapshot = {
            resources: [stack, full],
            pendingOperations: [{ resource: resource("pkg:index:Thing", "p"), type: "creating" as const }],
        };
        const text = new CheckpointWriter("organization/trial/dev", manager, new CiphertextMemory()).write(snapshot);
        const deployment = (JSON.parse(text) as VersionedCheckpoint).checkpoint.latest;

        const answer = ask({ export: { version: 3, deployment }, checkpoint: JSON.parse(text) as object });
        expect(answer).toMatchObject({ resources: 2, magic: true });
        expect(answer["export"]).toBe(goJson(deployment));
        expect(answer["checkpoint"]).toBe(text.slice(text.indexOf('{"manifest"'), -2));
    });

    test("read what a digest says of a resource, secrets hidden everywhere", () => {
        const digest = new DigestBuilder({ showSames: false, suppressOutputs: false });
        const state = resource("pkg:index:Thing", "a", {
            parent: STACK,
            inputs: { token: new Secret("geheim"), size: Unknown.instance },
            dependencies: [STACK],
            propertyDependencies: { token: [STACK] },
            aliases: [urn("pkg:index:Thing", "old")],
            ignoreChanges: ["size"],
            customTimeouts: { create: 60 },
            replacementTrigger: { at: new Secret("geheim") },
        });
        const metadata = { op: "create", urn: state.urn, type: state.type, provider: "", logical: true, new: state } as const;
        digest.take({ type: "resource-pre", metadata, planning: true });
        const newState = digest.build().steps?.[0]?.newState;
        expect(newState).toMatchObject({ dependencies: [STACK], inputs: { token: "[secret]" }, replacementTrigger: { at: "[secret]" } });
        const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
        const answer = ask({ export: { version: 3, deployment: { manifest, resources: [newState], metadata: {} } } });
        expect(answer["export"]).toContain(goJson(newState));
    });

    test("read every engine event, forbid unknown fields, and write the same bytes", () => {
        const lines: string[] = [];
        const stream = new EventStream((line) => lines.push(line.trimEnd()));
        const thing = resource("pkg:index:Thing", "a", {
            id: "1",
            delete: true,
            parent: STACK,
            protect: true,
            taint: true,
            external: true,
            retainOnDelete: true,
            provider: `${urn("pulumi:providers:pkg", "default")}::1`,
            initErrors: ["not ready"],
            hideDiff: ["spec.list[0]"],
            inputs: { b: new Secret("geheim"), a: [1, null] },
        });
        const metadata = {
            op: "replace",
            urn: thing.urn,
            type: thing.type,
            provider: thing.provider ?? "",
            logical: true,
            old: thing,
            new: resource("pkg:index:Thing", "a"),
            diffs: ["a"],
            keys: ["a"],
            detailedDiff: { b: "update", "a[0]": "add-replace" },
        } as const;
        const verdict = { urn: thing.urn, pack: "rules", packVersion: "1.0.0", policy: "p" };
        const events: EngineEvent[] = [
            { type: "prelude", config: { "p:k": "v" } },
            { type: "policy-load", pack: "rules", packVersion: "1.0.0", path: "x" },
            { type: "resource-pre", metadata, planning: true },
            { type: "resource-status", urn: thing.urn, text: "waiting" },
            { type: "resource-outputs", metadata: { ...metadata, old: undefined, detailedDiff: undefined }, planning: false },
            { type: "resource-failed", metadata, error: "no" },
            { type: "diagnostic", severity: "error", message: "no", urn: thing.urn },
            { type: "diagnostic", severity: "info#err", message: "<&>" },
            { type: "policy-violation", ...verdict, message: "m", description: "", enforcementLevel: "mandatory", severity: "high" },
            { type: "policy-remediation", ...verdict, before: { a: 1 }, after: { a: new Secret(2) } },
            { type: "summary", changes: { update: 1, create: 2 }, durationMs: 5, planning: false, maybeCorrupt: true },
        ];
        for (const event of events) stream.take(event);
        stream.finish();
        expect(lines).toHaveLength(events.length + 1);
        expect(ask({ events: lines.map((line) => JSON.parse(line) as object) })["events"]).toEqual(lines);
    });

    test("refuse a field they do not know, so that the test above can fail", () => {
        const request = {
            export: {
                version: 3,
                deployment: {
                    manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" },
                    resources: [{ urn: "a", custom: true, type: "t", invented: 1 }],
                },
            },
        };
        expect(() => ask(request)).toThrow("invented");
    });

    test("open our secrets and check our salt, and we open theirs", async () => {
        const ours = await createPassphrase(PASSPHRASE);
        const { salt } = ours.provider.state;
        const texts = ['"geheim"', '{"a":"ü\\n"}', ""];
        const answer = ask({ passphrase: PASSPHRASE, salt, decrypt: texts.map((text) => ours.encrypt(text)), encrypt: texts });
        expect(answer["decrypted"]).toEqual(texts);
        expect((answer["encrypted"] as string[]).map((text) => ours.decrypt(text))).toEqual(texts);
        const theirs = await openPassphrase(PASSPHRASE, `${salt.split(":").slice(0, 2).join(":")}:${String(answer["check"])}`);
        expect(theirs.decrypt(ours.encrypt("same key"))).toBe("same key");
    });

    test("do not open a secret with another passphrase", async () => {
        const ours = await createPassphrase(PASSPHRASE);
        expect(() => ask({ passphrase: "another", salt: ours.provider.state.salt })).toThrow("the check of the salt does not open");
    });
});
