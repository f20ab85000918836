/** Runs the whole program under Pulumi's mocks (a named double of an engine) and keeps what it asked for. */
import { readFile } from "node:fs/promises";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { parse } from "yaml";
import { Secret, type PropertyMap } from "../../embedded/engine/values.ts";
import { createStack, readStack } from "../../infra/program.ts";
import { tlsProvider } from "../../embedded/providers/tls/index.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export type Properties = Record<string, unknown>;

/** One `registerResource` request, as the engine gets it. */
export interface Registered {
    readonly type: string;
    readonly name: string;
    readonly custom: boolean;
    /** URN of the parent. */
    readonly parent: string;
    readonly provider: string;
    readonly dependencies: readonly string[];
    /** URN of what it goes with, without being deleted itself. */
    readonly deletedWith: string;
    readonly deleteBeforeReplace: boolean;
    /** Inputs as sent: secrets are still envelopes. */
    readonly inputs: Properties;
}

export interface ProgramRun {
    readonly resources: readonly Registered[];
    readonly outputs: Properties;
}

interface Request {
    toObject(): {
        type: string;
        name: string;
        custom: boolean;
        parent: string;
        provider: string;
        dependenciesList: string[];
        deletedwith: string;
        deletebeforereplace: boolean;
        providersMap: [string, string][];
    };
    getObject(): { toJavaScript(): Properties } | undefined;
}

const encode = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** The configuration of a stack as an engine hands it to the program: the project's defaults under the stack's values. */
export async function stackConfig(stack: string): Promise<Record<string, string>> {
    const root = new URL("../../", import.meta.url);
    const read = async (file: string) => parse(await readFile(new URL(file, root), "utf8")) as { config?: Record<string, unknown> };
    const defaults = Object.entries((await read("Pulumi.yaml")).config ?? {}).map(([key, setting]) => [
        `mcp-platform:${key}`,
        (setting as { default: unknown }).default,
    ]);
    const values = { ...Object.fromEntries(defaults), ...(await read(`Pulumi.${stack}.yaml`)).config } as Record<string, unknown>;
    return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encode(value)]));
}

interface OutputsRequest {
    getUrn(): string;
    getOutputs(): { toJavaScript(): Properties } | undefined;
}

const DOUBLES: Readonly<Record<string, Properties>> = {
    "random:index/randomPassword:RandomPassword": { result: "generated-password", bcryptHash: "$2b$10$generated-hash" },
    "tls:index/privateKey:PrivateKey": { privateKeyPem: "generated-key" },
    "tls:index/selfSignedCert:SelfSignedCert": { certPem: "generated-authority" },
    "tls:index/certRequest:CertRequest": { certRequestPem: "generated-request" },
    "tls:index/locallySignedCert:LocallySignedCert": { certPem: "generated-certificate" },
    "command:local:Command": { stdout: "", stderr: "" },
};

function registered(request: Request): Registered {
    const { type, name, custom, parent, provider, dependenciesList, providersMap, ...options } = request.toObject();
    const inherited = new Map(providersMap).get("kubernetes") ?? "";
    const inputs = request.getObject()?.toJavaScript() ?? {};
    return {
        type,
        name,
        custom,
        parent,
        provider: provider || inherited,
        dependencies: dependenciesList,
        deletedWith: options.deletedwith,
        deleteBeforeReplace: options.deletebeforereplace,
        inputs,
    };
}

/** The whole program, but for the look at the kubeconfig: no cluster is there. */
const platformProgram = (): object => createStack(readStack());

/**
 * Runs the whole program, or another that makes some of its components. Values that providers make
 * are fixed words; with `certificates`, keys and certificates are real; with `preview` nothing that is made is known,
 * not even what was asked for.
 */
export async function runProgram(
    config: Record<string, string>,
    mode: "words" | "certificates" | "preview" = "words",
    program: () => object = platformProgram,
    secretKeys: readonly string[] = [],
): Promise<ProgramRun> {
    const preview = mode === "preview";
    const resources: Registered[] = [];
    let outputs: Properties = {};
    const { registerResource, registerResourceOutputs } = MockMonitor.prototype;
    MockMonitor.prototype.registerResource = function (request: Request, callback) {
        resources.push(registered(request));
        return registerResource.call(this, request, callback);
    };
    MockMonitor.prototype.registerResourceOutputs = function (request: OutputsRequest, callback) {
        if (request.getUrn().includes("pulumi:pulumi:Stack::")) outputs = request.getOutputs()?.toJavaScript() ?? {};
        return registerResourceOutputs.call(this, request, callback);
    };
    const made = (type: string, inputs: Properties): Properties => ({
        ...inputs,
        ...DOUBLES[type],
        ...(type.startsWith("kubernetes:") ? withUid(inputs) : {}),
    });
    const mocks: pulumi.runtime.Mocks = {
        newResource: async ({ type, name, inputs }) => {
            const certificate = mode === "certificates" && type.startsWith("tls:") ? await certificateOf(type, inputs as Properties) : {};
            return { id: `${name}-id`, state: preview ? {} : { ...made(type, inputs as Properties), ...certificate } };
        },
        call: ({ inputs }) => inputs as Properties,
    };
    await pulumi.runtime.setMocks(mocks, "mcp-platform", "embedded", preview);
    pulumi.runtime.setAllConfig(config, [...secretKeys]);
    try {
        await pulumi.runtime.runInPulumiStack(async () => ({ ...program() }));
        await pulumi.runtime.disconnect();
        return { resources, outputs };
    } finally {
        Object.assign(MockMonitor.prototype, { registerResource, registerResourceOutputs });
    }
}

/** Makes a key or a certificate with the embedded engine's own provider. */
async function certificateOf(type: string, inputs: Properties): Promise<Properties> {
    const context = { preview: false, signal: new AbortController().signal, status: () => {}, log: () => {} };
    const { outs } = await tlsProvider().create(`urn:pulumi:test::test::${type}::it`, reveal(inputs) as PropertyMap, context);
    return Object.fromEntries(
        Object.entries(outs as PropertyMap).map(([name, value]) => [name, value instanceof Secret ? value.value : value]),
    );
}

function withUid(inputs: Properties): Properties {
    const metadata = inputs["metadata"] as Properties | undefined;
    return metadata ? { metadata: { ...metadata, uid: "1b4e28ba-2fa1-11d2-883f-0016d3cca427" } } : {};
}

/** Whether a value on the wire is marked as secret. */
export function isSecret(value: unknown): value is { readonly value: unknown } {
    return typeof value === "object" && value !== null && (value as Properties)[SIGNATURE] === SECRET;
}

/** Takes the marks of secrets away, at any depth. */
export function reveal(value: unknown): unknown {
    if (isSecret(value)) return reveal(value.value);
    if (Array.isArray(value)) return value.map(reveal);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
}

/** The name at the end of a URN. */
export const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";
