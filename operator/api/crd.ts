/** Turns the zod schema of MCPServer into a CustomResourceDefinition whose schema is structural. */
import { z } from "zod";
import { GROUP, KIND, PLURAL, VERSION, nameRule, specSchema, statusSchema } from "./mcpserver.ts";

type JsonSchema = Record<string, unknown>;

/** What zod writes for a whole number without bounds; Kubernetes has its own limits, so these say nothing. */
const UNBOUNDED = new Set([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);

/** Kubernetes' structural schemas are OpenAPI 3.0 without references, without closed objects and with one way to say "number or text". */
function toStructural(schema: z.ZodType): JsonSchema {
    const json = z.toJSONSchema(schema, {
        target: "openapi-3.0",
        io: "input",
        override: ({ jsonSchema }) => {
            const node = jsonSchema as JsonSchema;
            if (node["x-kubernetes-int-or-string"]) node["anyOf"] = [{ type: "integer" }, { type: "string" }];
            delete node["additionalProperties"];
            for (const bound of ["minimum", "maximum"]) if (UNBOUNDED.has(node[bound] as number)) delete node[bound];
            // Beside a default a field is optional for whoever writes it.
            if (node["type"] === "integer") node["format"] ??= "int32";
        },
    }) as JsonSchema;
    delete json["$schema"];
    return json;
}

/** The CustomResourceDefinition of MCPServer. */
export function mcpServerDefinition(): JsonSchema {
    const ready = `.status.conditions[?(@.type=="Ready")]`;
    return {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: `${PLURAL}.${GROUP}` },
        spec: {
            group: GROUP,
            scope: "Namespaced",
            names: {
                kind: KIND,
                listKind: `${KIND}List`,
                plural: PLURAL,
                singular: KIND.toLowerCase(),
                shortNames: ["mcps"],
                categories: ["mcp"],
            },
            versions: [
                {
                    name: VERSION,
                    served: true,
                    storage: true,
                    subresources: { status: {} },
                    additionalPrinterColumns: [
                        { name: "Transport", type: "string", jsonPath: ".spec.transport" },
                        { name: "Ready", type: "string", jsonPath: `${ready}.status` },
                        { name: "Tools", type: "integer", jsonPath: ".status.tools" },
                        { name: "URL", type: "string", jsonPath: ".status.url" },
                        { name: "Message", type: "string", priority: 1, jsonPath: `${ready}.message` },
                        { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
                    ],
                    schema: {
                        openAPIV3Schema: {
                            type: "object",
                            description: "An MCP server that the platform runs and publishes at https://<host>/<name>/mcp.",
                            required: ["spec"],
                            "x-kubernetes-validations": [nameRule],
                            properties: {
                                apiVersion: { type: "string" },
                                kind: { type: "string" },
                                metadata: { type: "object" },
                                spec: toStructural(specSchema),
                                status: toStructural(statusSchema),
                            },
                        },
                    },
                },
            ],
        },
    };
}
