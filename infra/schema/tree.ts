/** Walks a schema: what is at a path, what is inside a default, which member of a union a value chooses. */
import type { z } from "zod";

/** The parts of a schema's definition that are read. */
export interface Definition {
    readonly type?: string;
    readonly shape?: Readonly<Record<string, z.ZodType>>;
    readonly valueType?: z.ZodType;
    readonly keyType?: z.ZodType;
    readonly innerType?: z.ZodType;
    readonly element?: z.ZodType;
    readonly options?: readonly z.ZodType[];
    /** The field that tells the members of a union apart. */
    readonly discriminator?: string;
    /** Of a literal. */
    readonly values?: readonly unknown[];
    /** Of an enumeration. */
    readonly entries?: Readonly<Record<string, string>>;
    readonly defaultValue?: unknown;
}

export const definitionOf = (schema: z.ZodType | undefined): Definition => (schema?.def ?? {}) as Definition;

/** The schema without what a default or an optional wraps around it. */
export function unwrapped(schema: z.ZodType): z.ZodType {
    const { innerType } = definitionOf(schema);
    return innerType ? unwrapped(innerType) : schema;
}

/** The values of the field that tells a member of a union from the others. */
export const kindsOf = (member: z.ZodType, discriminator: string): readonly unknown[] =>
    definitionOf(definitionOf(member).shape?.[discriminator]).values ?? [];

const fieldOf = (value: unknown, field: string): unknown =>
    typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[field] : undefined;

/** The schema of a value: of a union that a field tells apart, the member that the value chooses. */
function chosen(schema: z.ZodType, value: unknown): z.ZodType {
    const inner = unwrapped(schema);
    const { options, discriminator } = definitionOf(inner);
    const member =
        discriminator === undefined
            ? undefined
            : options?.find((option) => kindsOf(option, discriminator).includes(fieldOf(value, discriminator)));
    return member ? chosen(member, value) : inner;
}

/** The schemas from the root to a path, as a value chooses them; ends where the schema knows no further. */
export function schemasAlong(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): readonly z.ZodType[] {
    const here = chosen(schema, value);
    const [part, ...rest] = path;
    const { shape, valueType, element } = definitionOf(here);
    const next = part === undefined ? undefined : (shape?.[String(part)] ?? valueType ?? element);
    return next ? [here, ...schemasAlong(next, rest, fieldOf(value, String(part)))] : [here];
}
