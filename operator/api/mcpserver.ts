/**
 * The API of the operator. `MCPServer` is described once, here, as a zod schema: the TypeScript type, the
 * CustomResourceDefinition and the controller's own check of what it reads are all derived from it.
 */
import { z } from "zod";

export const GROUP = "mcpruntime.org";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = "MCPServer";
export const PLURAL = "mcpservers";

/** The port every server's Service has, and the one the stdio bridge listens on. */
export const MCP_PORT = 8080;

/** A rule in the Common Expression Language, which the API server evaluates on every write. */
export interface Rule {
    readonly rule: string;
    readonly message: string;
    readonly fieldPath?: string;
}

/** Adds what only a CustomResourceDefinition knows to a schema's description. */
function described(
    description: string,
    extensions: { readonly rules?: readonly Rule[] } & Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
    const { rules, ...rest } = extensions;
    return { description, ...(rules ? { "x-kubernetes-validations": rules } : {}), ...rest };
}

const envName = z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .meta(described("Name of the variable: letters, digits and underscores, not beginning with a digit."));

const objectName = z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

const quantity = z
    .union([z.int(), z.string()])
    .meta({ "x-kubernetes-int-or-string": true, pattern: "^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$" });

const resourceList = (what: string) =>
    z
        .object({
            cpu: quantity.optional(),
            memory: quantity.optional(),
            "ephemeral-storage": quantity.optional(),
        })
        .meta(described(what));

const spec = z
    .object({
        image: z
            .string()
            .min(1)
            .max(512)
            .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/)
            .optional()
            .meta(
                described(
                    "Container image that holds the server, as a node of the cluster pulls it. Exactly one of `image` and `package` is set.",
                ),
            ),
        package: z
            .object({
                name: z
                    .string()
                    .min(1)
                    .max(214)
                    .regex(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/)
                    .meta(described("Name of the npm package, with its scope if it has one.")),
                version: z
                    .string()
                    .min(5)
                    .max(128)
                    .regex(/^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/)
                    .meta(described("Exact version, such as 2026.8.31. Ranges and tags are refused: what runs must not change by itself.")),
            })
            .optional()
            .meta(
                described(
                    "npm package that holds the server. It is installed without running install scripts, and its only (or equally named) bin is started.",
                ),
            ),
        transport: z
            .enum(["stdio", "streamable-http"])
            .meta(described("How the server speaks MCP: over its standard input and output, or over HTTP on `port` at `path`.")),
        command: z
            .array(z.string().min(1).max(4096))
            .min(1)
            .max(64)
            .optional()
            .meta(
                described(
                    "Program to start, with its first arguments. Required for an image that speaks stdio (an image's own entrypoint cannot be read from inside the cluster), optional for one that speaks HTTP, refused for a package.",
                    { "x-kubernetes-list-type": "atomic" },
                ),
            ),
        args: z
            .array(z.string().max(4096))
            .max(128)
            .optional()
            .meta(described("Arguments, added after `command` or the package's bin.", { "x-kubernetes-list-type": "atomic" })),
        env: z
            .array(
                z.object({
                    name: envName,
                    value: z.string().max(32768).meta(described("Value of the variable, readable by everyone who may read the MCPServer.")),
                }),
            )
            .max(64)
            .optional()
            .meta(
                described("Environment variables. For anything secret use `secretEnv`.", {
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                }),
            ),
        secretEnv: z
            .array(
                z.object({
                    name: envName,
                    secretKeyRef: z
                        .object({
                            name: objectName.meta(described("Name of a Secret in the namespace of the MCPServer.")),
                            key: z
                                .string()
                                .min(1)
                                .max(253)
                                .regex(/^[-._a-zA-Z0-9]+$/)
                                .meta(described("Key in that Secret.")),
                        })
                        .meta(described("Where the value is kept.")),
                }),
            )
            .max(64)
            .optional()
            .meta(
                described("Environment variables whose values are kept in Secrets.", {
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                }),
            ),
        port: z
            .int()
            .min(1)
            .max(65535)
            .default(MCP_PORT)
            .meta(described("Port a streamable-http server listens on. Unprivileged servers cannot listen below 1024.")),
        path: z
            .string()
            .min(1)
            .max(256)
            .regex(/^\/[A-Za-z0-9._~/-]*$/)
            .default("/mcp")
            .meta(described("Path at which a streamable-http server answers.")),
        replicas: z.int().min(0).max(16).default(1).meta(described("Number of pods. 0 stops the server and keeps its route.")),
        resources: z
            .object({
                requests: resourceList("What is set aside for each pod. Default: cpu 50m, memory 96Mi.").optional(),
                limits: resourceList("What each pod may use at most. Default: memory 512Mi, and no limit on cpu.").optional(),
            })
            .optional()
            .meta(described("Compute resources of each pod; what is given replaces the default of the same name.")),
        imagePullSecrets: z
            .array(objectName)
            .max(8)
            .optional()
            .meta(
                described("Names of Secrets of type kubernetes.io/dockerconfigjson in the same namespace. Default: the platform's own.", {
                    "x-kubernetes-list-type": "set",
                }),
            ),
    })
    .meta(
        described("What should run.", {
            rules: [
                { rule: "has(self.image) != has(self.package)", message: "exactly one of spec.image and spec.package must be set" },
                {
                    rule: "!has(self.image) || self.transport != 'stdio' || has(self.command)",
                    message:
                        'spec.command is required for an image that speaks stdio: name the program to start, for example ["node", "/app/server.js"]',
                },
                {
                    rule: "!has(self.package) || !has(self.command)",
                    message:
                        "spec.command must not be set beside spec.package: the package's own bin is started; use spec.args for its arguments",
                },
                {
                    rule: `self.transport != 'stdio' || self.port == ${MCP_PORT}`,
                    message: "spec.port must not be set for a stdio server: it listens on no port; remove it",
                    fieldPath: ".port",
                },
                {
                    rule: "self.transport != 'stdio' || self.path == '/mcp'",
                    message: "spec.path must not be set for a stdio server: it serves no path; remove it",
                    fieldPath: ".path",
                },
                {
                    rule: "!has(self.env) || !has(self.secretEnv) || self.env.all(e, !self.secretEnv.exists(s, s.name == e.name))",
                    message: "a variable must be set in only one of spec.env and spec.secretEnv",
                },
            ],
        }),
    );

const condition = z.object({
    type: z.string().min(1).max(316).meta(described("Accepted, Available, Verified or Ready.")),
    status: z.enum(["True", "False", "Unknown"]),
    reason: z
        .string()
        .min(1)
        .max(1024)
        .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
        .meta(described("One word in CamelCase for programs.")),
    message: z.string().max(32768).meta(described("A sentence for people: what was found and what to do.")),
    lastTransitionTime: z.string().meta(described("When `status` changed last.", { format: "date-time" })),
    observedGeneration: z
        .int()
        .min(0)
        .optional()
        .meta(described("The generation of the MCPServer this says something about.", { format: "int64" })),
});

const status = z
    .object({
        observedGeneration: z
            .int()
            .min(0)
            .optional()
            .meta(described("The generation of the MCPServer that was acted on last.", { format: "int64" })),
        conditions: z
            .array(condition)
            .max(16)
            .optional()
            .meta(
                described(
                    "Accepted: the spec can be acted on. Available: the pods run. Verified: an MCP handshake through the public route succeeded within the last probe period. Ready: all of them.",
                    { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] },
                ),
            ),
        url: z
            .string()
            .max(2048)
            .optional()
            .meta(described("Where clients reach the server. Set once a handshake through it has succeeded.")),
        serverInfo: z
            .object({ name: z.string().max(1024), version: z.string().max(1024) })
            .optional()
            .meta(described("What the server calls itself in the handshake.")),
        protocolVersion: z.string().max(64).optional().meta(described("Revision of MCP that the last handshake settled on.")),
        tools: z.int().min(0).optional().meta(described("Number of tools the server offers.")),
        lastVerifiedTime: z
            .string()
            .optional()
            .meta(
                described("When a handshake succeeded last; written at most once a minute while nothing else changes.", {
                    format: "date-time",
                }),
            ),
    })
    .meta(described("What is. Written by the operator only."));

export const mcpServerSchema = z.object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(KIND),
    metadata: z.looseObject({
        name: z.string(),
        namespace: z.string(),
        uid: z.string(),
        generation: z.number(),
        resourceVersion: z.string(),
        deletionTimestamp: z.string().optional(),
    }),
    spec,
    status: status.optional(),
});

/** The part a user writes, with every default filled in. */
export type MCPServerSpec = z.output<typeof spec>;
export type MCPServerStatus = z.output<typeof status>;
export type Condition = z.output<typeof condition>;
export type ConditionType = "Accepted" | "Available" | "Verified" | "Ready";
/** An MCPServer as the API server stores it. */
export type MCPServer = z.output<typeof mcpServerSchema>;

export const specSchema = spec;
export const statusSchema = status;

/** The name is also that of the Service and a part of the route, so it must be a DNS label that begins with a letter. */
export const nameRule: Rule = {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 63",
    message:
        "metadata.name must be at most 63 lower-case letters, digits and dashes, and begin with a letter: it becomes the name of a Service and a part of the server's address",
};
