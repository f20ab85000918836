/** What the rows of the tls provider work with: the provider, and OpenSSL as the judge of what it generates. */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../embedded/common/process.ts";
import type { PropertyMap } from "../../../embedded/engine/values.ts";
import { tlsProvider } from "../../../embedded/providers/tls/index.ts";
import { contextOf, plain, text, urnOf } from "../shared/operations.ts";

export const provider = tlsProvider();
export const urn = (type: string): string => urnOf(`tls:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`);
export const declared = (file: string, what: string): string => `@pulumi/tls ${file}.d.ts, ${what}`;
export const official = (file: string): string => `terraform-provider-tls internal/provider/${file}.go`;

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "tls-"))));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

export async function create(type: string, inputs: PropertyMap): Promise<{ id: string; outs: PropertyMap }> {
    const { failures } = await provider.check(urn(type), undefined, inputs, contextOf());
    expect(failures).toEqual([]);
    const { id, outs } = await provider.create(urn(type), inputs, contextOf());
    return { id: id ?? "", outs: plain(outs as PropertyMap) };
}

export async function call(name: string, args: PropertyMap): Promise<{ outputs: PropertyMap; failures: unknown }> {
    const { outputs, failures } = (await provider.invoke?.(`tls:index/${name}:${name}`, args, contextOf())) ?? {};
    return { outputs: plain((outputs ?? {}) as PropertyMap), failures };
}

/** Writes texts into files and has OpenSSL look at them; throws when it is not content. */
export async function openssl(command: readonly string[], files: Readonly<Record<string, unknown>> = {}): Promise<string> {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), String(content));
    const { code, stdout, stderr } = await run("openssl", [...command], { cwd: folder });
    if (code !== 0) throw new Error(stderr);
    return stdout + stderr;
}

export const key = async (inputs: PropertyMap = { algorithm: "ECDSA", ecdsaCurve: "P256" }): Promise<string> =>
    text((await create("PrivateKey", inputs)).outs["privateKeyPem"]);
export const certificateOf = async (more: PropertyMap): Promise<string> =>
    text(
        (
            await create("SelfSignedCert", {
                privateKeyPem: await key(),
                subject: { commonName: "localhost" },
                validityPeriodHours: 1,
                allowedUses: ["server_auth"],
                ...more,
            })
        ).outs["certPem"],
    );
export const sha1 = (data: string): string => createHash("sha1").update(Buffer.from(data, "base64")).digest("hex");
export const der = (pem: unknown): string => String(pem).replaceAll(/-----[^-]+-----|\n/g, "");
