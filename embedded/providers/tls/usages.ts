import * as x509 from "@peculiar/x509";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { PropertyValue } from "../../engine/values.ts";

/** RFC 5280, section 4.2.1.3. */
const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
    digital_signature: x509.KeyUsageFlags.digitalSignature,
    content_commitment: x509.KeyUsageFlags.nonRepudiation,
    key_encipherment: x509.KeyUsageFlags.keyEncipherment,
    data_encipherment: x509.KeyUsageFlags.dataEncipherment,
    key_agreement: x509.KeyUsageFlags.keyAgreement,
    cert_signing: x509.KeyUsageFlags.keyCertSign,
    crl_signing: x509.KeyUsageFlags.cRLSign,
    encipher_only: x509.KeyUsageFlags.encipherOnly,
    decipher_only: x509.KeyUsageFlags.decipherOnly,
};

/** RFC 5280, section 4.2.1.12, and the vendors' own. */
const EXTENDED_KEY_USAGES: Readonly<Record<string, string>> = {
    any_extended: "2.5.29.37.0",
    server_auth: "1.3.6.1.5.5.7.3.1",
    client_auth: "1.3.6.1.5.5.7.3.2",
    code_signing: "1.3.6.1.5.5.7.3.3",
    email_protection: "1.3.6.1.5.5.7.3.4",
    ipsec_end_system: "1.3.6.1.5.5.7.3.5",
    ipsec_tunnel: "1.3.6.1.5.5.7.3.6",
    ipsec_user: "1.3.6.1.5.5.7.3.7",
    timestamping: "1.3.6.1.5.5.7.3.8",
    ocsp_signing: "1.3.6.1.5.5.7.3.9",
    microsoft_commercial_code_signing: "1.3.6.1.4.1.311.2.1.22",
    microsoft_kernel_code_signing: "1.3.6.1.4.1.311.61.1.1",
    microsoft_server_gated_crypto: "1.3.6.1.4.1.311.10.3.3",
    netscape_server_gated_crypto: "2.16.840.1.113730.4.1",
};

/** Both spellings are in use: the provider's own is `server_auth`, its documentation says `serverAuth`. */
const canonical = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What is wrong with a list of allowed uses. */
export function usageFailures(uses: PropertyValue | undefined): CheckFailure[] {
    if (!Array.isArray(uses)) return [];
    return uses.flatMap((use: PropertyValue, index) => {
        if (typeof use !== "string" || canonical(use) in KEY_USAGES || canonical(use) in EXTENDED_KEY_USAGES) return [];
        const known = [...Object.keys(KEY_USAGES), ...Object.keys(EXTENDED_KEY_USAGES)].join(", ");
        return [{ property: `allowedUses[${index}]`, reason: `unknown use "${use}"; known are ${known}` }];
    });
}

/** The key usage extensions that allow the named uses. */
export function usageExtensions(uses: readonly string[]): x509.Extension[] {
    const names = uses.map(canonical);
    const flags = names.reduce((sum, name) => sum | (KEY_USAGES[name] ?? 0), 0);
    const extended = names.flatMap((name) => EXTENDED_KEY_USAGES[name] ?? []);
    return [
        ...(flags ? [new x509.KeyUsagesExtension(flags, true)] : []),
        ...(extended.length ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
    ];
}
