/** The program: settings in, a platform out. Decisions are made in `stacks/` and `components/`; here are the stack's outputs. */
import { createProgram } from "./program.ts";

export const {
    gatewayUrl,
    gatewaySecureUrl,
    serverUrls,
    registryAddress,
    registryHost,
    registryUsername,
    registryPassword,
    registryCaCertificate,
    kubeconfig,
    namespaces,
    caCertificate,
} = createProgram();
