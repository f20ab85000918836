/** Property values as the engine holds them: JSON, and the few values JSON cannot say. */

/** A value that is only known once the update runs. */
export class Unknown {
    static readonly instance = new Unknown();
    readonly known = false;
}

/** A value that must never be shown or stored in clear. Never nested directly in another secret. */
export class Secret {
    readonly value: PropertyValue;
    constructor(value: PropertyValue) {
        this.value = value instanceof Secret ? value.value : value;
    }
}

/** An output as the SDK sends it: a value with the resources it depends on, itself perhaps unknown or secret. */
export class OutputValue {
    readonly value: PropertyValue | undefined;
    readonly secret: boolean;
    readonly dependencies: readonly string[];
    constructor(value: PropertyValue | undefined, secret: boolean, dependencies: readonly string[]) {
        this.value = value;
        this.secret = secret;
        this.dependencies = dependencies;
    }
}

/** A reference to another resource. `id` is absent for components and Unknown before the resource exists. */
export class ResourceReference {
    readonly urn: string;
    readonly id: string | Unknown | undefined;
    readonly packageVersion: string;
    constructor(urn: string, id: string | Unknown | undefined, packageVersion: string) {
        this.urn = urn;
        this.id = id;
        this.packageVersion = packageVersion;
    }
}

export type PropertyValue =
    | null
    | boolean
    | number
    | string
    | readonly PropertyValue[]
    | { readonly [key: string]: PropertyValue }
    | Unknown
    | Secret
    | OutputValue
    | ResourceReference;

export type PropertyMap = { readonly [key: string]: PropertyValue };

/** Whether a value is a plain object of properties, and none of the special values. */
export function isObject(value: PropertyValue | undefined): value is PropertyMap {
    return (
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        !(value instanceof Unknown || value instanceof Secret || value instanceof OutputValue || value instanceof ResourceReference)
    );
}
