/** `command:local:Command` and the function `command:local:run`: commands of this machine. */
import { resolve } from "node:path";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { OperationContext } from "../../../engine/provider.ts";
import { Unknown, type PropertyMap, type PropertyValue } from "../../../engine/values.ts";
import { SCRIPTS, scriptInputFailures, type PropertyTable } from "../inputs.ts";
import { runScript, textOf } from "../lifecycle.ts";
import { foundFiles } from "./assets.ts";
import { compileGlobs } from "./globs.ts";
import { localRun } from "./process.ts";

const PLACE: PropertyTable = { dir: "string", interpreter: "list", assetPaths: "list", archivePaths: "list" };
const COMMAND: PropertyTable = { ...SCRIPTS, ...PLACE };
const { create: _create, update: _update, delete: _delete, triggers: _triggers, ...GIVEN } = SCRIPTS;
const RUN: PropertyTable = { command: "string", ...GIVEN, ...PLACE };

const listOf = (value: PropertyValue | undefined): readonly PropertyValue[] | undefined => (Array.isArray(value) ? value : undefined);

function globFailures(inputs: PropertyMap): CheckFailure[] {
    return ["assetPaths", "archivePaths"].flatMap((property) => {
        try {
            const patterns = listOf(inputs[property]) ?? [];
            if (!patterns.some((pattern) => pattern instanceof Unknown)) compileGlobs(patterns.map(String));
            return [];
        } catch (error) {
            return [{ property, reason: (error as Error).message }];
        }
    });
}

/** What is wrong with the inputs, all at once. */
export function localFailures(inputs: PropertyMap): CheckFailure[] {
    const failures = scriptInputFailures(inputs, COMMAND);
    return failures.length ? failures : globFailures(inputs);
}

/** What is wrong with the arguments of `command:local:run`. */
export function runFailures(args: PropertyMap): CheckFailure[] {
    const failures = scriptInputFailures(args, RUN);
    if (failures.length) return failures;
    return typeof args["command"] === "string" ? globFailures(args) : [{ property: "command", reason: "required, but missing" }];
}

/** Runs a script here and returns what it printed, and the files that the inputs ask for. */
export async function runLocal(
    script: string,
    inputs: PropertyMap,
    previous: PropertyMap | undefined,
    context: OperationContext,
): Promise<PropertyMap> {
    const interpreter = listOf(inputs["interpreter"])?.map(String) ?? [];
    const dir = resolve(context.folder ?? ".", textOf(inputs["dir"]) ?? "");
    const place = { interpreter: interpreter.length ? interpreter : ["/bin/sh", "-c"], dir };
    const printed = await runScript(script, inputs, previous, context, localRun(place));
    const globs = (name: string) => listOf(inputs[name])?.map(String);
    return { ...printed, ...(await foundFiles(dir, globs("assetPaths"), globs("archivePaths"))) };
}
