import { z } from "zod";
import type { McpServer } from "../../components/servers/server.ts";
import { cidr } from "../../stacks/primitives.ts";
import { objectName, subdomain } from "./primitives.ts";

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "use letters, digits and underscores, not beginning with a digit");
const words = z.array(z.string({ error: "put text in quotes" }).max(4096), { error: "give a list of words" });

const npmPackage = z.strictObject({
    name: z
        .string()
        .regex(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/, "give the name of an npm package")
        .describe("name of the package"),
    version: z
        .string({ error: "give an exact version such as 2026.8.31, in quotes" })
        .regex(/^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/, "give an exact version such as 2026.8.31; ranges and tags are refused")
        .describe("exact version"),
});

const server = z
    .strictObject({
        image: z
            .string()
            .max(512)
            .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, "give an image reference; without a host it is in the platform's registry")
            .optional()
            .describe(
                "image reference; without a registry's host it is in the platform's own registry. Exactly one of `image` and `package`",
            ),
        package: npmPackage.optional().describe("npm package that is installed when the server starts"),
        transport: z.enum(["stdio", "streamable-http"]).describe("how the server speaks"),
        command: words
            .min(1, "name the program to start")
            .optional()
            .describe("program to start and its first arguments. Required for an image that speaks stdio, refused for a package"),
        args: words.optional().describe("arguments"),
        env: z
            .record(variable, z.string({ error: "put the value in quotes" }))
            .optional()
            .describe("variables and their values, as text. Never a secret"),
        secretEnv: z
            .record(
                variable,
                z.strictObject({
                    secret: subdomain.describe("name of the Secret"),
                    key: z
                        .string()
                        .regex(/^[-._a-zA-Z0-9]+$/, "give a key of the Secret")
                        .describe("key in it"),
                }),
            )
            .optional()
            .describe("variables whose values are in a Secret of the namespace `mcp-servers`"),
        port: z
            .int()
            .min(1024, "an unprivileged server listens on 1024 to 65535")
            .max(65535, "give a port up to 65535")
            .optional()
            .describe("port a `streamable-http` server listens on; default: 8080"),
        path: z
            .string()
            .regex(/^\/[A-Za-z0-9._~/-]*$/, "give a path that begins with /")
            .optional()
            .describe("path it answers at; default: `/mcp`"),
        replicas: z.int().min(0, "give 0 to 16").max(16, "give 0 to 16").optional().describe("number of pods; default: 1"),
        egress: z
            .array(
                z.strictObject({
                    cidr: cidr.describe("public address range"),
                    ports: z
                        .array(z.int().min(1).max(65535), { error: "give a list of ports such as [443]" })
                        .min(1, "give one port at least, such as [443]")
                        .describe("TCP ports in it"),
                }),
            )
            .optional()
            .describe("addresses outside of the cluster that the server may reach; default: none but DNS"),
    })
    .superRefine((value, context) => {
        const refuse = (key: string, message: string) =>
            context.addIssue({ code: "custom", path: [key], message, input: value[key as keyof typeof value] });
        if ((value.image === undefined) === (value.package === undefined)) refuse("image", "set exactly one of image and package");
        if (value.image !== undefined && value.transport === "stdio" && !value.command) {
            refuse("command", 'an image that speaks stdio needs the program to start, such as ["node", "/app/server.js"]');
        }
        if (value.package && value.command) refuse("command", "remove it: a package's own program is started; use args for its arguments");
        for (const key of ["port", "path"] as const) {
            if (value.transport === "stdio" && value[key] !== undefined)
                refuse(key, "remove it: a server that speaks stdio listens on nothing");
        }
        for (const name of Object.keys(value.env ?? {})) {
            if (value.secretEnv?.[name]) refuse("env", `set ${name} in only one of env and secretEnv`);
        }
    }) satisfies z.ZodType<McpServer>;

/** MCP servers by name, which becomes a part of their address. */
export const serversSchema = z.record(objectName, server);
