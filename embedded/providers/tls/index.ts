/** The TLS provider: `@pulumi/tls`'s keys, certificate requests and certificates, with its names and semantics. */
import type { ResourceProvider } from "../../engine/provider.ts";
import { logicalProvider, type LogicalFunction, type LogicalType } from "../shared/logical.ts";
import { privateKey } from "./keys.ts";
import { getPublicKey } from "./public-key.ts";
import { installReflection } from "../../common/reflect.ts";

// A static import would load the X.509 library before it finds what it needs.
installReflection();
const { certRequest, locallySignedCert, selfSignedCert } = await import("./certificates.ts");
const { getCertificate } = await import("./certificate-info.ts");

const types: Readonly<Record<string, LogicalType>> = {
    "tls:index/privateKey:PrivateKey": privateKey,
    "tls:index/certRequest:CertRequest": certRequest,
    "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
    "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
};

const functions: Readonly<Record<string, LogicalFunction>> = {
    "tls:index/getPublicKey:getPublicKey": getPublicKey,
    "tls:index/getCertificate:getCertificate": getCertificate,
};

/** The provider of `@pulumi/tls`. A certificate within its early renewal period is replaced by the next update. */
export function tlsProvider(): ResourceProvider {
    return {
        ...logicalProvider("tls", "5.6.1", types, functions),
        checkConfig: async (_urn, _olds, news) => ({
            inputs: news,
            failures: Object.keys(news).flatMap((property) =>
                property === "proxy"
                    ? [{ property, reason: "not supported by the embedded engine: getCertificate connects directly" }]
                    : [],
            ),
        }),
    };
}
