/** Short forms of URNs and types for people. */

/** The type of a URN: what stands last in the chain of its parents' types. */
export function typeOf(urn: string): string {
    const chain = urn.split("::")[2] ?? "";
    return chain.slice(chain.lastIndexOf("$") + 1);
}

/** The name of a URN, which may itself contain `::`. */
export function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

/** `random:index/randomPassword:RandomPassword` reads `random:index:RandomPassword`: the module's file is left out. */
export function displayType(type: string): string {
    const [pkg, module, name, ...more] = type.split(":");
    if (!pkg || !module || !name || more.length) return type;
    const slash = module.lastIndexOf("/");
    const file = module.slice(slash + 1);
    return slash > 0 && file === name.charAt(0).toLowerCase() + name.slice(1) ? `${pkg}:${module.slice(0, slash)}:${name}` : type;
}

export function isRootStack(type: string): boolean {
    return type === "pulumi:pulumi:Stack";
}
