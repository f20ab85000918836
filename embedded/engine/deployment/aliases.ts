/** Where a resource may be found in the old state: what the program says about it, and what its parents were called. */
import type { Alias, AliasSpec } from "../steps/goal.ts";
import { makeUrn, parseUrn, STACK_TYPE } from "../urn.ts";

/** What makes up the URN of a resource. */
export interface Identity {
    readonly stack: string;
    readonly project: string;
    readonly type: string;
    readonly name: string;
    readonly parent?: string | undefined;
}

/**
 * The URNs that a resource may have had, without repetition, in the order in which they are looked up.
 * @param oldUrnOf the URN under which a resource of this run was found, when that was another than its own
 */
export function aliasUrns(identity: Identity, aliases: readonly Alias[], oldUrnOf: (urn: string) => string | undefined): string[] {
    const own = aliases.map((alias) => (typeof alias === "string" ? alias : urnOfSpec(identity, alias, oldUrnOf)));
    const result = new Set(own);
    const parentWas = identity.parent && oldUrnOf(identity.parent);
    if (identity.parent && parentWas) {
        const parentName = parseUrn(identity.parent).name;
        const under = (type: string, name: string): string =>
            makeUrn(identity.stack, identity.project, type, renamedWithParent(name, parentName, parseUrn(parentWas).name), parentWas);
        result.add(under(identity.type, identity.name));
        for (const urn of own) {
            const { type, name } = parseUrn(urn);
            result.add(under(type, name));
        }
    }
    return [...result];
}

function urnOfSpec(identity: Identity, spec: AliasSpec, oldUrnOf: (urn: string) => string | undefined): string {
    const parent = spec.noParent ? undefined : spec.parent ? (oldUrnOf(spec.parent) ?? spec.parent) : identity.parent;
    const root = parent === undefined || parseUrn(parent).qualifiedType === STACK_TYPE;
    return makeUrn(
        spec.stack ?? identity.stack,
        spec.project ?? identity.project,
        spec.type ?? identity.type,
        spec.name ?? identity.name,
        root ? undefined : parent,
    );
}

/** Children are by custom named after their parent, with a suffix: they were renamed with it. */
function renamedWithParent(name: string, parentName: string, oldParentName: string): string {
    return name.startsWith(parentName) ? oldParentName + name.slice(parentName.length) : name;
}
