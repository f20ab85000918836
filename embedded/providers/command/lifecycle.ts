/** What commands of this machine and remote ones have in common: which script runs when, with what, and what comes of it. */
import { randomBytes } from "node:crypto";
import type { OperationContext } from "../../engine/provider.ts";
import { isObject, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { masker } from "./masking.ts";
import { Output } from "./output.ts";
import { watched, type Watch } from "./watch.ts";

/** What to do about previous outputs that cannot be handed over. */
export const LEAVE_OUT = "With addPreviousOutputInEnv: false it is left out.";

/** A script to run, and what it is given. */
export interface Job {
    readonly script: string;
    readonly stdin: string;
    /** Variables that the program asks for. */
    readonly environment: Readonly<Record<string, string>>;
    /** What the last run printed, for the script to look at. */
    readonly previous: Readonly<Record<string, string>>;
}

/** Runs a job to its end. Resolves with how it failed (`exit status 2`), or undefined when it went well. */
export type Run = (job: Job, output: Output, watch: Watch) => Promise<string | undefined>;

export const textOf = (value: PropertyValue | undefined): string | undefined => (typeof value === "string" ? value : undefined);

function environmentOf(inputs: PropertyMap): Record<string, string> {
    const { environment } = inputs;
    return isObject(environment) ? Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])) : {};
}

function previousOutput(inputs: PropertyMap, outputs: PropertyMap | undefined): Record<string, string> {
    if (!outputs || inputs["addPreviousOutputInEnv"] === false) return {};
    const variables = { PULUMI_COMMAND_STDOUT: textOf(outputs["stdout"]) ?? "", PULUMI_COMMAND_STDERR: textOf(outputs["stderr"]) ?? "" };
    return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}

/**
 * Runs a script with the resource's inputs.
 * @param previous the outputs of the last run
 * @param secrets further values that must not be shown, by the name to show in their place
 * @throws when it fails, with how it ended and what it printed last (nothing with `logging: "none"`); never with the
 * script itself, its standard input or its environment, any of which may hold a secret
 */
export async function runScript(
    script: string,
    inputs: PropertyMap,
    previous: PropertyMap | undefined,
    context: OperationContext,
    run: Run,
    secrets: Readonly<Record<string, string>> = {},
): Promise<Record<"stdout" | "stderr", string>> {
    const stdin = textOf(inputs["stdin"]) ?? "";
    const environment = environmentOf(inputs);
    const mask = masker(stdin, { ...environment, ...secrets });
    return await watched(context, async (watch) => {
        const output = new Output({ logging: textOf(inputs["logging"]) ?? "stdoutAndStderr", mask, log: watch.log, status: watch.status });
        const failure = await run({ script, stdin, environment, previous: previousOutput(inputs, previous) }, output, watch);
        const printed = output.end();
        if (failure === undefined) return printed;
        const tail = output.tail();
        throw new Error(`${mask(failure)}${tail ? `\n${tail}` : ""}`);
    });
}

/** The previous outputs that fit into a variable of at most so many bytes; what is left out is said. */
export function sendable(previous: Job["previous"], mostBytes: number, watch: Watch): Record<string, string> {
    return Object.fromEntries(
        Object.entries(previous).filter(([name, value]) => {
            if (Buffer.byteLength(value) <= mostBytes && !value.includes("\0")) return true;
            watch.log("warning", `${name} is not set: what the last run printed does not fit into a variable. ${LEAVE_OUT}`);
            return false;
        }),
    );
}

/** An id as the official provider makes them: the resource's name and eight random hexadecimal digits. */
export function newId(name: string): string {
    return `${name}${randomBytes(4).toString("hex")}`;
}
