/** Uniform resource names: `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */

export const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPE_PREFIX = "pulumi:providers:";

export interface UrnParts {
    readonly stack: string;
    readonly project: string;
    /** The types of the parents and the resource, joined with `$`. */
    readonly qualifiedType: string;
    readonly type: string;
    readonly name: string;
}

/** Makes the URN of a resource; the stack as a parent is left out of the chain of types. */
export function makeUrn(stack: string, project: string, type: string, name: string, parent?: string): string {
    const above = parent ? parseUrn(parent).qualifiedType : STACK_TYPE;
    return `urn:pulumi:${stack}::${project}::${above === STACK_TYPE ? "" : `${above}$`}${type}::${name}`;
}

export function parseUrn(urn: string): UrnParts {
    const [head = "", project = "", qualifiedType = "", ...name] = urn.split("::");
    if (!head.startsWith("urn:pulumi:") || !qualifiedType || !name.length) throw new Error(`"${urn}" is not a URN`);
    return {
        stack: head.slice("urn:pulumi:".length),
        project,
        qualifiedType,
        type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
        name: name.join("::"),
    };
}

/** The package of a type token: `kubernetes` of `kubernetes:core/v1:ConfigMap`. */
export function packageOf(type: string): string {
    return isProviderType(type) ? type.slice(PROVIDER_TYPE_PREFIX.length) : (type.split(":")[0] ?? "");
}

export function isProviderType(type: string): boolean {
    return type.startsWith(PROVIDER_TYPE_PREFIX);
}

export function providerType(packageName: string): string {
    return PROVIDER_TYPE_PREFIX + packageName;
}

export interface ProviderReference {
    readonly urn: string;
    readonly id: string;
}

/** Splits a provider reference, `urn::id`. */
export function parseProviderReference(reference: string): ProviderReference {
    const at = reference.lastIndexOf("::");
    if (at < 0) throw new Error(`"${reference}" is not a provider reference`);
    return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}

export function formatProviderReference({ urn, id }: ProviderReference): string {
    return `${urn}::${id}`;
}

/** Whether a provider is one the engine made itself because the program named none. */
export function isDefaultProvider(urn: string): boolean {
    const { type, name } = parseUrn(urn);
    return isProviderType(type) && (name === "default" || name.startsWith("default_"));
}
