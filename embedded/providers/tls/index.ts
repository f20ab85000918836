/** The TLS provider: `@pulumi/tls`'s keys, certificate requests and certificates, with its names and semantics. */
import type { ResourceProvider } from "../../engine/provider.ts";
import { logicalProvider } from "../shared/logical.ts";
import { privateKey } from "./keys.ts";
import { installReflection } from "../../common/reflect.ts";

// A static import would load the X.509 library before it finds what it needs.
installReflection();
const { certRequest, locallySignedCert, selfSignedCert } = await import("./certificates.ts");

/** The provider of `@pulumi/tls`. A certificate within its early renewal period is replaced by the next update. */
export function tlsProvider(): ResourceProvider {
    return logicalProvider("tls", "5.6.1", {
        "tls:index/privateKey:PrivateKey": privateKey,
        "tls:index/certRequest:CertRequest": certRequest,
        "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
        "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
    });
}
