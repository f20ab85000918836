/**
 * Rules over several settings, one table: what two of them may not say together, and what a mode asks of the others. The
 * settings' reference lists them.
 */
import { certificateCautions, certificateRules } from "./certificates.ts";
import { exposureRules } from "./exposure.ts";
import { nodeCautions, nodeRules } from "./nodes.ts";
import { peopleCautions, peopleRules } from "./people.ts";
import { productionCautions, productionRules } from "./production.ts";
import { registryCautions, registryRules } from "./registry.ts";
import type { Rule } from "./rule.ts";
import { serverRules } from "./servers.ts";
import { storageRules } from "./storage.ts";

/** What settings are refused for. */
export const RULES: readonly Rule[] = [
    ...nodeRules,
    ...exposureRules,
    ...certificateRules,
    ...registryRules,
    ...storageRules,
    ...peopleRules,
    ...serverRules,
    ...productionRules,
];

/** What settings are warned about. */
export const CAUTIONS: readonly Rule[] = [
    ...certificateCautions,
    ...nodeCautions,
    ...registryCautions,
    ...peopleCautions,
    ...productionCautions,
];
