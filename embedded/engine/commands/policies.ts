/** `--policy-pack` and `--policy-pack-config`: which packs govern an operation, and their start. */
import { UserError } from "../../common/errors.ts";
import type { EventSink } from "../events.ts";
import type { PolicyGate } from "../policy/gate.ts";
import type { PackSource } from "../policy/index.ts";
import { ORGANIZATION } from "../state/backend.ts";
import type { OperationContext } from "./operation.ts";
import type { Options } from "./options.ts";

/** The packs of a command line, paired with their files by order. @throws UserError when there are not as many of both */
export function packsOf(options: Options): PackSource[] {
    const paths = listOf(options["policy-pack"]);
    const configs = listOf(options["policy-pack-config"]);
    if (configs.length && configs.length !== paths.length) {
        throw new UserError(
            `There are ${paths.length} --policy-pack and ${configs.length} --policy-pack-config: give one file per pack in the same order, or none.`,
        );
    }
    return paths.map((path, i) => ({ path, config: configs[i] }));
}

/** As the official CLI reads them, several may also stand in one value with commas between. */
function listOf(values: readonly string[] = []): string[] {
    return values.flatMap((value) => value.split(",")).filter(Boolean);
}

/** Refuses packs and files that cannot be read, before anything is begun. */
export async function checkPacks(options: Options, cwd: string): Promise<void> {
    const packs = packsOf(options);
    if (packs.length) await (await import("../policy/index.ts")).readPacks(packs, cwd);
}

/** Starts the packs that the command line names; undefined when it names none. */
export async function openPacks(context: OperationContext, preview: boolean, events: EventSink): Promise<PolicyGate | undefined> {
    const { options, workspace, target, stack, terminal, signal } = context;
    const packs = packsOf(options);
    if (!packs.length) return undefined;
    const { openPolicies } = await import("../policy/index.ts");
    return await openPolicies({
        packs,
        cwd: workspace.cwd,
        facts: {
            stack: target.reference.stack,
            project: workspace.project.name,
            organization: ORGANIZATION,
            preview,
            config: stack.config.values,
            configSecretKeys: stack.config.secretKeys,
        },
        signal,
        onLoad: events,
        onLine: (severity, message) => events({ type: "diagnostic", severity, message }),
        onWait: terminal.say,
    });
}
