import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { PropertyMap } from "../../engine/values.ts";
import type { Property } from "../shared/logical.ts";

const HOUR = 3_600_000;

/** The inputs that say how long a certificate is valid and when to make a new one. */
export const validityProperties: Readonly<Record<string, Property>> = {
    validityPeriodHours: { type: "number", required: true },
    earlyRenewalHours: { type: "number", default: 0, inPlace: true },
};

/** What is wrong with the inputs of {@link validityProperties}. */
export function validityFailures(inputs: PropertyMap): CheckFailure[] {
    return ["validityPeriodHours", "earlyRenewalHours"].flatMap((property) => {
        const value = inputs[property];
        return typeof value === "number" && !(value >= 0) ? [{ property, reason: `expected 0 or more hours, found ${value}` }] : [];
    });
}

/** RFC 3339 in whole seconds, as certificates count. */
const timestamp = (time: Date) => time.toISOString().replace(/\.\d+Z$/, "Z");

/** The period that starts now, in whole seconds. */
export function validityFrom(now: Date, inputs: PropertyMap) {
    const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const notAfter = new Date(notBefore.getTime() + Number(inputs["validityPeriodHours"]) * HOUR);
    return { notBefore, notAfter, outputs: { validityStartTime: timestamp(notBefore), validityEndTime: timestamp(notAfter) } };
}

/** Whether a certificate has expired, or has come within `earlyRenewalHours` of it. */
export function readyForRenewal(outputs: PropertyMap, now: Date): boolean {
    const end = Date.parse(String(outputs["validityEndTime"]));
    const early = Number(outputs["earlyRenewalHours"] ?? 0) * HOUR;
    return Number.isFinite(end) && now.getTime() >= end - early;
}
