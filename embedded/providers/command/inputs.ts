/** What may stand in the inputs of each resource. */
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";

export type PropertyTable = Readonly<Record<string, "string" | "number" | "boolean" | "list" | "map">>;

const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];

/** The kernel takes no single argument of 128 KiB or more; the rest is room for what goes before the script. */
const LONGEST_SCRIPT = 120 * 1024;

/** What commands of this machine and remote ones have in common. */
export const SCRIPTS: PropertyTable = {
    create: "string",
    update: "string",
    delete: "string",
    stdin: "string",
    logging: "string",
    triggers: "list",
    environment: "map",
    addPreviousOutputInEnv: "boolean",
};

function kindOf(value: PropertyValue): string {
    return Array.isArray(value) ? "list" : isObject(value) ? "map" : typeof value;
}

/** Unknown properties and wrong types. `path` is what the properties are in. */
export function typeFailures(inputs: PropertyMap, table: PropertyTable, path = ""): CheckFailure[] {
    return Object.entries(inputs).flatMap(([name, value]) => {
        const property = path ? `${path}.${name}` : name;
        const expected = table[name];
        if (!expected) return [{ property, reason: `unknown property; known are ${Object.keys(table).join(", ")}` }];
        if (value === null || value instanceof Unknown || kindOf(value) === expected) return [];
        return [{ property, reason: `expected a ${expected}, found a ${kindOf(value)}` }];
    });
}

function environmentFailures(environment: PropertyValue | undefined): CheckFailure[] {
    if (!isObject(environment)) return [];
    return Object.entries(environment).flatMap(([name, value]) => {
        const property = `environment.${name}`;
        if (!/^[A-Za-z_]\w*$/.test(name)) return [{ property, reason: "expected a name of letters, digits and underscores" }];
        if (value instanceof Unknown) return [];
        if (typeof value !== "string") return [{ property, reason: `expected a string, found a ${kindOf(value)}` }];
        if (value.includes("\0")) return [{ property, reason: "a variable cannot hold a zero byte" }];
        const size = Buffer.byteLength(value);
        return size <= LONGEST_SCRIPT
            ? []
            : [{ property, reason: `${size} bytes are too many for a variable (${LONGEST_SCRIPT} at most): send them on stdin` }];
    });
}

function scriptFailures(inputs: PropertyMap): CheckFailure[] {
    return ["create", "update", "delete", "command"].flatMap((property) => {
        const script = inputs[property];
        if (typeof script !== "string") return [];
        if (script.includes("\0")) return [{ property, reason: "a command cannot hold a zero byte: send it on stdin" }];
        const size = Buffer.byteLength(script);
        if (size <= LONGEST_SCRIPT) return [];
        return [{ property, reason: `${size} bytes are too many for a command line (${LONGEST_SCRIPT} at most): send them on stdin` }];
    });
}

/** What is wrong with the inputs of a command, all at once. */
export function scriptInputFailures(inputs: PropertyMap, table: PropertyTable): CheckFailure[] {
    const wrong = typeFailures(inputs, table);
    if (wrong.length) return wrong;
    const { logging } = inputs;
    const known = typeof logging !== "string" || LOGGING.includes(logging);
    return [
        ...(known ? [] : [{ property: "logging", reason: `expected one of ${LOGGING.join(", ")}, found ${String(logging)}` }]),
        ...environmentFailures(inputs["environment"]),
        ...scriptFailures(inputs),
    ];
}
