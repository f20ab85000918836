/**
 * What a remediation made of a resource's inputs. A pack sees bare values and gives them back: what it left alone keeps
 * its marks, and what was secret stays secret wherever it went.
 */
import { equal } from "../compare.ts";
import { markRevealing } from "../redact.ts";
import { carrySecrets } from "../secretness.ts";
import { isObject, OutputValue, ResourceReference, type PropertyMap, type PropertyValue } from "../values.ts";
import { flattenOutput, SIGNATURE_KEY } from "../wire.ts";

/** @param after as the pack answered it */
export function corrected(before: PropertyMap, after: PropertyMap): PropertyMap {
    const restored = Object.fromEntries(Object.entries(after).map(([key, value]) => [key, restore(before[key], value)]));
    return markRevealing(carrySecrets(restored, before), before);
}

function restore(before: PropertyValue | undefined, after: PropertyValue): PropertyValue {
    if (before === undefined) return after;
    if (before instanceof OutputValue) return equal(flattenOutput(before), after) ? before : after;
    if (before instanceof ResourceReference) return equal(before.id ?? before.urn, after) ? before : after;
    if (Array.isArray(before) && Array.isArray(after))
        return after.map((item: PropertyValue, i) => restore(before[i] as PropertyValue | undefined, item));
    if (!isObject(before) || !isObject(after)) return after;
    if (SIGNATURE_KEY in before && before[SIGNATURE_KEY] === after[SIGNATURE_KEY]) {
        // An asset comes back without its hash, an archive without its contents: only the place it names is compared.
        return ["path", "text", "uri"].every((key) => equal(before[key], after[key])) ? before : after;
    }
    return Object.fromEntries(Object.entries(after).map(([key, value]) => [key, restore(before[key], value)]));
}
