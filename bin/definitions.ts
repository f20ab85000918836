/** `npm run definitions`: fetches the CustomResourceDefinitions that other projects ship. */
import { parseArgs } from "node:util";
import { DEFINITIONS, definitionsFile, type DefinitionsName } from "../components/definitions/pins.ts";
import { UserError } from "../embedded/common/errors.ts";
import { consoleProgress, type Progress } from "../embedded/common/progress.ts";
import { fetchDefinitions } from "../embedded/definitions/fetch.ts";

const HELP = `npm run definitions

Fetches the CustomResourceDefinitions of ${Object.keys(DEFINITIONS).join(" and ")} in the pinned versions into the cache, with Go. What is there is kept.`;

const names = Object.keys(DEFINITIONS) as DefinitionsName[];

/** Fetches what is missing. */
export async function prepareDefinitions(progress: Progress, signal?: AbortSignal): Promise<void> {
    for (const name of names) await fetchDefinitions(DEFINITIONS[name], definitionsFile(name), progress, signal);
}

export async function main(args: string[]): Promise<number> {
    let values;
    try {
        ({ values } = parseArgs({ args, options: { help: { type: "boolean", short: "h" } } }));
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${HELP}`);
    }
    if (values.help) {
        console.log(HELP);
        return 0;
    }
    await prepareDefinitions(consoleProgress());
    for (const name of names) console.log(`${name} ${DEFINITIONS[name].version}  ${definitionsFile(name)}`);
    return 0;
}
