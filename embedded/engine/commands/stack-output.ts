/** `stack output [name]`: what the stack's program exported. Reads the state only, and opens secrets only to show them. */
import { UserError } from "../../common/errors.ts";
import { openSecrets } from "../config/passphrase.ts";
import { isRootStack } from "../display/names.ts";
import { compareBytes, goJson } from "../state/json.ts";
import { blindCrypter } from "../state/secrets.ts";
import { deserializeMap, SECRET, serializeMap } from "../state/serialize-values.ts";
import type { StoredValue } from "../state/types.ts";
import { OutputValue, Secret, isObject, type PropertyMap, type PropertyValue } from "../values.ts";
import type { Options } from "./options.ts";
import { openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace } from "./workspace.ts";

export async function stackOutput(options: Options, name: string | undefined): Promise<number> {
    const { screen } = openTerminal(options);
    const outputs = await readOutputs(options);
    const write = (text: string): void => screen.write(`${text}\n`);
    if (name !== undefined) {
        const value = outputs[name];
        if (value === undefined)
            throw new UserError(
                `current stack does not have output property '${name}'${Object.keys(outputs).length ? `; it has ${Object.keys(outputs).join(", ")}` : ""}`,
            );
        write(options.json ? goJson(value, "  ") : plainText(value));
    } else if (options.json) write(goJson(outputs, "  "));
    else {
        const rows = Object.entries(outputs).map(([key, value]) => [key, plainText(value)] as const);
        const width = Math.max("OUTPUT".length, ...rows.map(([key]) => key.length));
        write(`Current stack outputs (${rows.length}):`);
        if (rows.length) for (const [key, value] of [["OUTPUT", "VALUE"] as const, ...rows]) write(`    ${key.padEnd(width)}  ${value}`);
        else write("    No output values currently in this stack");
    }
    return 0;
}

async function readOutputs(options: Options): Promise<Record<string, StoredValue>> {
    const { backend, ...rest } = await openWorkspace(options);
    const { reference } = await findTarget({ backend, ...rest }, options);
    const deployment = (await backend.read(reference))?.checkpoint.latest;
    const stored = deployment?.resources?.find((resource) => isRootStack(resource.type))?.outputs ?? {};
    const salt = deployment?.secrets_providers?.state.salt;
    const open = options["show-secrets"] && salt !== undefined && JSON.stringify(stored).includes(SECRET);
    const crypter = open ? await openSecrets(salt, `the stack ${reference.stack}`) : blindCrypter;
    return serializeMap(revealed(deserializeMap(stored, { crypter }, "outputs")), { crypter: undefined }, "");
}

/** The values without marks: what the crypter did not open already reads `[secret]`. */
function revealed(map: PropertyMap): PropertyMap {
    const reveal = (value: PropertyValue): PropertyValue => {
        if (value instanceof Secret) return reveal(value.value);
        if (value instanceof OutputValue) return reveal(value.value ?? null);
        if (Array.isArray(value)) return value.map((item: PropertyValue) => reveal(item));
        return isObject(value) ? revealed(value) : value;
    };
    return Object.fromEntries(
        Object.entries(map)
            .toSorted(([a], [b]) => compareBytes(a, b))
            .map(([key, value]) => [key, reveal(value)]),
    );
}

/** A text as it is, anything else as JSON. */
function plainText(value: StoredValue): string {
    return typeof value === "string" ? value : goJson(value);
}
