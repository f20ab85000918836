import { z } from "zod";
import type { McpServer } from "../../components/servers/server.ts";
import { objectName } from "./primitives.ts";

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "use letters, digits and underscores, not beginning with a digit");
const words = z.array(z.string({ error: "put text in quotes" }).max(4096), { error: "give a list of words" });

const npmPackage = z.strictObject({
    name: z.string().regex(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/, "give the name of an npm package"),
    version: z
        .string({ error: "give an exact version such as 2026.8.31, in quotes" })
        .regex(/^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/, "give an exact version such as 2026.8.31; ranges and tags are refused"),
});

const server = z
    .strictObject({
        image: z
            .string()
            .max(512)
            .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, "give an image reference; without a host it is in the platform's registry")
            .optional(),
        package: npmPackage.optional(),
        transport: z.enum(["stdio", "streamable-http"]),
        command: words.min(1, "name the program to start").optional(),
        args: words.optional(),
        env: z.record(variable, z.string({ error: "put the value in quotes" })).optional(),
        secretEnv: z
            .record(
                variable,
                z.strictObject({ secret: objectName, key: z.string().regex(/^[-._a-zA-Z0-9]+$/, "give a key of the Secret") }),
            )
            .optional(),
        port: z.int().min(1024, "an unprivileged server listens on 1024 to 65535").max(65535, "give a port up to 65535").optional(),
        path: z
            .string()
            .regex(/^\/[A-Za-z0-9._~/-]*$/, "give a path that begins with /")
            .optional(),
        replicas: z.int().min(0, "give 0 to 16").max(16, "give 0 to 16").optional(),
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
