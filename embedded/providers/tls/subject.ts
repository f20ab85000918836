import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { isObject, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import type { Property } from "../shared/logical.ts";

/** In the order in which certificates usually list them. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
    country: "2.5.4.6",
    organization: "2.5.4.10",
    organizationalUnit: "2.5.4.11",
    locality: "2.5.4.7",
    province: "2.5.4.8",
    streetAddresses: "2.5.4.9",
    postalCode: "2.5.4.17",
    commonName: "2.5.4.3",
    serialNumber: "2.5.4.5",
    emailAddress: "1.2.840.113549.1.9.1",
};

/** The inputs that say whom a certificate or a request is for. */
export const subjectProperties: Readonly<Record<string, Property>> = {
    subject: { type: "map" },
    dnsNames: { type: "list" },
    ipAddresses: { type: "list" },
    uris: { type: "list" },
};

export function strings(value: PropertyValue | undefined): string[] {
    return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string") : [];
}

/** What is wrong with the inputs of {@link subjectProperties}. */
export function subjectFailures(inputs: PropertyMap): CheckFailure[] {
    const subject = isObject(inputs["subject"]) ? inputs["subject"] : {};
    return [
        ...Object.keys(subject)
            .filter((name) => !(name in ATTRIBUTES))
            .map((name) => ({ property: `subject.${name}`, reason: `unknown; known are ${Object.keys(ATTRIBUTES).join(", ")}` })),
        ...strings(inputs["ipAddresses"])
            .filter((address) => isIP(address) === 0)
            .map((address) => ({ property: "ipAddresses", reason: `"${address}" is not an IP address` })),
    ];
}

/** The distinguished name of `subject`. */
export function distinguishedName(subject: PropertyValue | undefined): x509.JsonName {
    if (!isObject(subject)) return [];
    return Object.entries(ATTRIBUTES).flatMap(([name, oid]) => {
        const value = subject[name];
        const values = typeof value === "string" ? [value] : strings(value);
        return values.filter((text) => text !== "").map((text) => ({ [oid]: [text] }));
    });
}

/** The extension with all names, or none when there are none. It is critical when there is no subject beside it. */
export function alternativeNames(inputs: PropertyMap): x509.Extension[] {
    const names: x509.JsonGeneralNames = [
        ...strings(inputs["dnsNames"]).map((value) => ({ type: "dns" as const, value })),
        ...strings(inputs["ipAddresses"]).map((value) => ({ type: "ip" as const, value })),
        ...strings(inputs["uris"]).map((value) => ({ type: "url" as const, value })),
    ];
    return names.length ? [new x509.SubjectAlternativeNameExtension(names, distinguishedName(inputs["subject"]).length === 0)] : [];
}
