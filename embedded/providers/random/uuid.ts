import { randomBytes, randomUUID } from "node:crypto";
import { UserError } from "../../common/errors.ts";
import type { LogicalType } from "../shared/logical.ts";
import { keepers } from "./choices.ts";

/** A random UUID (RFC 9562, version 4). */
export const uuid4 = (): string => randomUUID();

/** A UUID that begins with the time, so that later ones sort behind earlier ones (RFC 9562, version 7). */
export function uuid7(): string {
    const bytes = randomBytes(16);
    bytes.writeUIntBE(Date.now(), 0, 6);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A resource that is a UUID. */
export function uuidTyped(generate: () => string): LogicalType {
    return {
        properties: { keepers },
        computed: ["result"],
        generate: async () => {
            const result = generate();
            return { id: result, values: { result } };
        },
        adopt: (id) => {
            const result = id.toLowerCase();
            if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(result)) throw new UserError(`"${id}" is not a UUID`);
            return { id: result, inputs: {}, values: { result } };
        },
    };
}
