/** Finds the old state of what the program asks for, by URN or alias, and sees to it that nobody else takes it. */
import { UserError } from "../../common/errors.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Alias } from "../steps/goal.ts";
import { makeUrn } from "../urn.ts";
import { aliasUrns } from "./aliases.ts";
import type { Deployment } from "./deployment.ts";

/** What a registration is about. */
export interface Claim {
    readonly urn: string;
    /** What the state says of it; undefined when there is nothing. */
    readonly old: ResourceState | undefined;
}

interface Claimant {
    readonly type: string;
    readonly name: string;
    readonly parent?: string | undefined;
    readonly aliases?: readonly Alias[];
}

export function urnOf({ run }: Deployment, { type, name, parent }: Claimant): string {
    return makeUrn(run.stack, run.project.name, type, name, parent);
}

/** Notes that the program asks for a URN; throws {@link UserError} when it has done so before. */
export function ask(deployment: Deployment, urn: string): void {
    if (deployment.asked.has(urn)) {
        throw new UserError(
            `Duplicate resource URN "${urn}": two resources have the same type, name and parent. Give one of them another name.`,
        );
    }
    deployment.asked.add(urn);
}

/** Takes the old state of a URN that was {@link ask}ed for; throws {@link UserError} when another resource has it. */
export function claim(deployment: Deployment, urn: string, claimant: Claimant): Claim {
    const { run, olds, taken, aliased, foundAs } = deployment;
    const before = aliased.get(urn);
    if (before) {
        throw new UserError(
            `Duplicate resource URN "${urn}": ${before} has it as an alias and took over what it stood for. Remove the alias, or give one of them another name.`,
        );
    }
    const identity = { ...claimant, stack: run.stack, project: run.project.name };
    for (const name of [urn, ...aliasUrns(identity, claimant.aliases ?? [], (of) => foundAs.get(of))]) {
        const old = olds.get(name);
        if (!old) continue;
        if (name !== urn) {
            const rival = aliased.get(name) ?? (deployment.asked.has(name) ? name : undefined);
            if (rival) {
                throw new UserError(
                    `Duplicate alias "${name}" of ${urn}: ${rival} already stands for that resource. Remove the alias from one of them.`,
                );
            }
            aliased.set(name, urn);
            foundAs.set(urn, name);
        }
        taken.add(old.urn);
        return { urn, old };
    }
    return { urn, old: undefined };
}
