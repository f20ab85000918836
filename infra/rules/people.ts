import { repeated, when, type Rule } from "./rule.ts";
import { isFound } from "../sentences.ts";

export const peopleRules: readonly Rule[] = [
    {
        id: "public-login",
        keys: ["platformMode", "login"],
        says: "`public` needs `login`: the catalogue is open to everybody, publishing is not",
        check: ({ platformMode, login }) =>
            when(platformMode === "public" && login === undefined, {
                path: ["login"],
                found: `${isFound(login)}, and platformMode is "public"`,
                fix: "give { provider: google, clientId } or { provider: oidc, issuer, audience, jwksUrl }, or use platformMode tenant or org",
            }),
    },
    {
        id: "admins-once",
        keys: ["admins"],
        says: "Every administrator is named once",
        check: ({ admins }) =>
            repeated(admins.map((admin, index) => [admin.toLowerCase(), index] as const)).map(([, before, at]) => ({
                path: ["admins", at],
                fix: `admins[${before}] is the same: remove one`,
            })),
    },
];

/** What people may take for a protection that it is not. */
export const peopleCautions: readonly Rule[] = [
    {
        id: "login-not-asked-for",
        keys: ["login"],
        says: "`login`: it is checked and kept, and the gateway does not ask for it: whoever reaches it may use every server",
        check: ({ login }) =>
            when(login !== undefined, {
                path: ["login"],
                found: "is set",
                fix: "the gateway does not ask for it yet: whoever reaches it may use every server, so let the front door admit nobody else",
            }),
    },
];
