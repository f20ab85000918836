/** `command:local:Command`: a command of this machine, run when the resource is created, updated or deleted. */
import { randomBytes } from "node:crypto";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { OperationContext } from "../../engine/provider.ts";
import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { masker } from "./masking.ts";
import { runCommand } from "./runner.ts";

const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];

const PROPERTIES: Readonly<Record<string, "string" | "boolean" | "list" | "map">> = {
    create: "string",
    update: "string",
    delete: "string",
    dir: "string",
    stdin: "string",
    logging: "string",
    interpreter: "list",
    triggers: "list",
    environment: "map",
    addPreviousOutputInEnv: "boolean",
};

function typeName(value: PropertyValue): string {
    return Array.isArray(value) ? "list" : isObject(value) ? "map" : typeof value;
}

/** What is wrong with the inputs, all at once. */
export function commandFailures(inputs: PropertyMap): CheckFailure[] {
    return Object.entries(inputs).flatMap(([property, value]) => {
        const expected = PROPERTIES[property];
        if (property === "assetPaths" || property === "archivePaths") {
            return [{ property, reason: "not supported by the embedded engine: it does not read assets back from commands" }];
        }
        if (!expected) return [{ property, reason: `unknown property; known are ${Object.keys(PROPERTIES).join(", ")}` }];
        if (value === null || value instanceof Unknown) return [];
        if (typeName(value) !== expected) return [{ property, reason: `expected a ${expected}, found a ${typeName(value)}` }];
        if (property === "logging" && !LOGGING.includes(String(value))) {
            return [{ property, reason: `expected one of ${LOGGING.join(", ")}, found ${String(value)}` }];
        }
        if (property === "interpreter" && Array.isArray(value) && value.length === 0)
            return [{ property, reason: "expected a program, found an empty list" }];
        return [];
    });
}

const text = (value: PropertyValue | undefined) => (typeof value === "string" ? value : undefined);

function environmentOf(inputs: PropertyMap): Record<string, string> {
    const entries = isObject(inputs["environment"]) ? Object.entries(inputs["environment"]) : [];
    return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
}

function previousOutput(inputs: PropertyMap, outputs: PropertyMap | undefined): Record<string, string> {
    if (!outputs || inputs["addPreviousOutputInEnv"] === false) return {};
    return { PULUMI_COMMAND_STDOUT: text(outputs["stdout"]) ?? "", PULUMI_COMMAND_STDERR: text(outputs["stderr"]) ?? "" };
}

const withoutLineFeed = (output: string) => output.replace(/\n$/, "");

/**
 * Runs the command with the resource's inputs and returns its outputs; `previous` are those of the last run. Throws when
 * it fails, with how it ended and what it printed (nothing with `logging: "none"`), without its standard input and the
 * values of its environment.
 */
export async function runLifecycle(
    command: string | undefined,
    inputs: PropertyMap,
    previous: PropertyMap | undefined,
    context: OperationContext,
): Promise<PropertyMap> {
    if (command === undefined) return { stdout: text(previous?.["stdout"]) ?? "", stderr: text(previous?.["stderr"]) ?? "" };
    const environment = environmentOf(inputs);
    const stdin = text(inputs["stdin"]) ?? "";
    const mask = masker(stdin, environment);
    const logging = text(inputs["logging"]) ?? "stdoutAndStderr";
    const interpreter = Array.isArray(inputs["interpreter"]) ? inputs["interpreter"].map(String) : ["/bin/sh", "-c"];
    const outcome = await runCommand({
        interpreter,
        command,
        dir: text(inputs["dir"]),
        environment: { ...environment, ...previousOutput(inputs, previous) },
        stdin,
        timeoutSeconds: context.timeoutSeconds,
        signal: context.signal,
        onLine: (stream, line) => {
            if (logging === stream || logging === "stdoutAndStderr") context.log("info", mask(line));
            if (logging !== "none") context.status(mask(line));
        },
    });
    if (outcome.failure === undefined) return { stdout: withoutLineFeed(outcome.stdout), stderr: withoutLineFeed(outcome.stderr) };
    const printed =
        logging === "none"
            ? "(its output is not shown: logging is none)"
            : (outcome.stderr + outcome.stdout).trim().split("\n").slice(-12).join("\n");
    throw new Error(mask(`${outcome.failure}: ${command}${printed ? `\n${printed}` : ""}`));
}

/** An id as the official provider makes them: the resource's name and eight random hexadecimal digits. */
export function newId(name: string): string {
    return `${name}${randomBytes(4).toString("hex")}`;
}
