/** `import TYPE NAME ID` and `import --file`: takes objects that exist into the stack, and writes code for them. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, UserError } from "../../common/errors.ts";
import type { ImportRequest } from "../index.ts";
import { writeWhole } from "../state/backend-files.ts";
import type { StackReference } from "../state/backend.ts";
import { makeUrn, STACK_TYPE } from "../urn.ts";
import { codeFor } from "./import-code.ts";
import { operate } from "./operate.ts";
import type { Options } from "./options.ts";

/** An entry of the file's `resources`, with Pulumi's names. */
interface Entry {
    readonly type?: unknown;
    readonly name?: unknown;
    readonly logicalName?: unknown;
    readonly id?: unknown;
    readonly parent?: unknown;
    readonly provider?: unknown;
}

interface ImportFile {
    readonly nameTable?: Readonly<Record<string, string>>;
    readonly resources: readonly Entry[];
}

const FIELDS = ["type", "name", "logicalName", "id", "parent", "provider"];

export async function importCommand(options: Options, positionals: readonly string[]): Promise<number> {
    const wanted = await wantedOf(options, positionals);
    const protect = options.protect !== false;
    return operate("import", options, async ({ reference }) => {
        const requests = requestsOf(wanted, reference, protect);
        return {
            requests,
            async done({ snapshot }) {
                if (options["generate-code"] === false || options.json) return;
                const urns = new Set(requests.map((request) => urnOf(request, reference)));
                const code = codeFor(
                    snapshot.resources.filter((state) => urns.has(state.urn) && !state.delete),
                    snapshot,
                );
                const heading = "Add this code to the program, or its next update takes the objects for superfluous.\n";
                if (options.out === undefined) process.stdout.write(`${heading}\n${code}`);
                else {
                    await writeWhole(resolve(options.cwd ?? ".", options.out), code, 0o644);
                    process.stdout.write(`The code for the program is in ${options.out}.\n`);
                }
            },
        };
    });
}

async function wantedOf(options: Options, positionals: readonly string[]): Promise<ImportFile> {
    if (options.file !== undefined) {
        if (positionals.length) throw new UserError("Name one object (TYPE NAME ID) or a file with several (--file), not both.");
        return readImportFile(resolve(options.cwd ?? ".", options.file));
    }
    const [type, name, id] = positionals;
    if (type === undefined || name === undefined || id === undefined)
        throw new UserError("What is to be imported is missing: import TYPE NAME ID, or import --file FILE for several.");
    const parent = named(options.parent, "--parent");
    const provider = named(options.provider, "--provider");
    const entry = { type, name, id, ...(parent && { parent: parent[0] }), ...(provider && { provider: provider[0] }) };
    return { nameTable: Object.fromEntries([...(parent ? [parent] : []), ...(provider ? [provider] : [])]), resources: [entry] };
}

/** `name=urn` */
function named(text: string | undefined, option: string): [string, string] | undefined {
    if (text === undefined) return undefined;
    const [, name, urn] = /^([^=]+)=(urn:.+)$/.exec(text) ?? [];
    if (name === undefined || urn === undefined)
        throw new UserError(`${option} must be a name in the code, an equals sign and a URN, found "${text}".`);
    return [name, urn];
}

async function readImportFile(path: string): Promise<ImportFile> {
    let value: Partial<ImportFile> | null;
    try {
        value = JSON.parse(await readFile(path, "utf8")) as typeof value;
    } catch (error) {
        const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
        throw new UserError(`The import file ${path} ${missing ? "does not exist" : `cannot be read: ${messageOf(error)}`}.`);
    }
    const { resources, nameTable, ...rest } = value ?? {};
    const [other] = Object.keys(rest);
    if (other !== undefined)
        throw new UserError(
            `The import file ${path} has "${other}", which the embedded engine does not support: it takes nameTable and resources.`,
        );
    if (!Array.isArray(resources)) throw new UserError(`The import file ${path} must have a list "resources".`);
    return { resources: resources as Entry[], ...(nameTable && { nameTable }) };
}

/** The objects of a file, all its mistakes told at once. */
function requestsOf({ resources, nameTable = {} }: ImportFile, reference: StackReference, protect: boolean): ImportRequest[] {
    const problems: string[] = [];
    const text = (entry: Entry, field: keyof Entry, at: string): string => {
        const value = entry[field];
        if (typeof value === "string" && value) return value;
        problems.push(`${at} has no ${field}`);
        return "";
    };
    const nameOf = ({ name, logicalName }: Entry): unknown => name ?? logicalName;
    const byName = new Map<unknown, Entry>(resources.map((entry) => [nameOf(entry), entry]));
    const taken = resources.map(nameOf).find((name, i, all) => all.indexOf(name) !== i);

    /** The URN that a name in the file stands for. */
    const resolved = (name: unknown, at: string, seen: readonly unknown[] = []): string | undefined => {
        if (name === undefined) return undefined;
        const known = typeof name === "string" ? nameTable[name] : undefined;
        if (known) return known;
        const entry = byName.get(name);
        if (!entry || seen.includes(name) || name === taken) {
            problems.push(
                `${at} names ${JSON.stringify(name)}, which ${name === taken ? "several resources are called" : "is neither in nameTable nor in resources"}`,
            );
            return undefined;
        }
        return urnOf(
            {
                type: String(entry.type),
                name: String(entry.logicalName ?? entry.name),
                parent: resolved(entry.parent, at, [...seen, name]),
            },
            reference,
        );
    };
    const requests = resources.map((entry, i): ImportRequest => {
        const at = `resource ${typeof nameOf(entry) === "string" ? `'${String(nameOf(entry))}'` : i}`;
        const unknown = Object.keys(entry).find((field) => !FIELDS.includes(field));
        if (unknown) problems.push(`${at} has "${unknown}", which the embedded engine does not support`);
        return {
            type: text(entry, "type", at),
            name: text({ ...entry, name: entry.logicalName ?? entry.name }, "name", at),
            id: text(entry, "id", at),
            parent: resolved(entry.parent, at),
            provider: resolved(entry.provider, at),
            protect,
        };
    });
    if (!requests.length) problems.push("it has no resources");
    if (problems.length) throw new UserError(`What to import is not clear:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    return requests;
}

function urnOf({ type, name, parent }: Pick<ImportRequest, "type" | "name" | "parent">, { project, stack }: StackReference): string {
    const root = makeUrn(stack, project, STACK_TYPE, `${project}-${stack}`);
    return makeUrn(stack, project, type, name, parent ?? root);
}
